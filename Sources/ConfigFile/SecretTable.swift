import Planning

/// Tokens by name, kept for as long as the process runs. They are stored in a few blocks of memory, so that a hundred
/// thousand of them take little more room than their texts, and nothing that was needed only for reading stays
/// allocated. It cannot print itself.
struct SecretTable: Sendable {
    private var names = TextSet()
    private var values = TextBlock()

    init() {}

    /// Creates the table from names and tokens in the same order. Without a token for each name the table is empty.
    init(names: TextSet, values: TextBlock) {
        guard names.count == values.count else { return }
        self.names = names
        self.values = values
        self.names.compact()
        self.values.compact()
    }

    subscript(_ name: String) -> Token? { names.index(of: name).flatMap { Token(values[$0]) } }

    /// The names.
    var keys: [String] { names.all }
    /// The texts of the tokens. Never show one.
    var everySecret: [String] { values.all }
}

extension SecretTable: CustomStringConvertible, CustomReflectable {
    var description: String { "SecretTable(redacted)" }
    var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
