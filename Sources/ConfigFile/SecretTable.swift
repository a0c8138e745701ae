import Planning

/// Tokens by their names, for as long as the process runs: in two blocks of bytes, so that a hundred thousand of them
/// take little more room than their texts, and keep nothing of what reading them took. It cannot print itself.
struct SecretTable: Sendable {
    private var names = TextBlock()
    private var values = TextBlock()

    init() {}

    init(_ tokens: [String: Token]) {
        names.reserve(tokens.count, bytes: tokens.reduce(0) { $0 + $1.key.utf8.count })
        values.reserve(tokens.count, bytes: tokens.reduce(0) { $0 + $1.value.reveal().utf8.count })
        // Names are ASCII, so that the order of texts is that of their bytes.
        for (name, token) in tokens.sorted(by: { $0.key < $1.key }) {
            names.append(name)
            values.append(token.reveal())
        }
    }

    subscript(_ name: String) -> Token? {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle].lexicographicallyPrecedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        guard low < names.count, names[low].elementsEqual(name.utf8) else { return nil }
        return Token(String(decoding: values[low], as: UTF8.self))
    }

    /// The names, in their order.
    var keys: [String] { names.texts }
    /// The texts of the tokens. Never show one.
    var everySecret: [String] { values.texts }
}

extension SecretTable: CustomStringConvertible, CustomReflectable {
    var description: String { "SecretTable(redacted)" }
    var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// Texts one behind the other.
private struct TextBlock: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    var count: Int { ends.count }
    var texts: [String] { ends.indices.map { String(decoding: self[$0], as: UTF8.self) } }

    subscript(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    mutating func reserve(_ count: Int, bytes size: Int) {
        ends.reserveCapacity(count)
        bytes.reserveCapacity(size)
    }

    mutating func append(_ text: String) {
        bytes += text.utf8
        ends.append(bytes.count)
    }
}
