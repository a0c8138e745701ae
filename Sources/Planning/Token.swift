/// A vendor API token: the secret that decides which number a request changes.
///
/// It cannot print itself. The only way out is ``reveal()``.
public struct Token: Hashable, Sendable {
    private let value: String

    /// The maximum length of a token, in UTF-8 bytes.
    public static let maxLength = 4096

    /// Creates a token from 1 to ``maxLength`` bytes of printable ASCII without spaces; nil for anything else.
    public init?(_ text: String) {
        guard (1...Self.maxLength).contains(text.utf8.count) else { return nil }
        var text = text
        // Over the bytes themselves: a fleet has many tokens, and a view of a string is ten times slower.
        guard text.withUTF8({ bytes in bytes.allSatisfy { (33...126).contains($0) } }) else { return nil }
        value = text
    }

    /// Returns the token's text. Call it only to send it, or to search a text for it before that text is shown.
    public func reveal() -> String { value }
}

extension Token: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "Token(redacted)" }
    public var debugDescription: String { "Token(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
