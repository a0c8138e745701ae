import Glibc

/// Finds the characters that libyaml accepts but that these files must not use outside text and comments: tabs, a `?`
/// that may begin a key, and a `%` at the beginning of a line, which may begin a directive.
///
/// Most files have no such character, so an event costs only a comparison.
struct SuspectScan {
    typealias Position = Findings.Position

    /// A character that is refused unless it is part of a scalar or of a comment.
    struct Suspect {
        let position: Position
        let byte: UInt8
        /// True when only spaces precede it on its line.
        let isIndentation: Bool

        /// True for a directive, and for a tab in the indentation.
        var beginsLine: Bool { byte == UInt8(ascii: "%") || byte == Byte.tab && isIndentation }

        var refusal: YAMLRefusal {
            switch byte {
            case UInt8(ascii: "%"):
                YAMLRefusal(
                    position: position, message: "a '%' directive is not supported in this file",
                    hint: "delete the line")
            case UInt8(ascii: "?"):
                YAMLRefusal(
                    position: position, message: "a key cannot begin with '?' here", hint: "put the text in quotes")
            default:
                isIndentation
                    ? YAMLRefusal(
                        position: position, message: "a tab in the indentation",
                        hint: "indent with spaces: YAML does not allow tabs there")
                    : YAMLRefusal(
                        position: position, message: "a tab is not allowed here",
                        hint: "use spaces: YAML does not allow tabs between words")
            }
        }
    }

    /// The first suspect that has not been passed; nil after the last.
    private(set) var next: Suspect?
    private let bytes: UnsafeBufferPointer<UInt8>
    /// The index of the byte after `next`, with its position.
    private var index = 0
    private var position = Position(line: 1, column: 1)
    private var lineStart = 0
    /// True while the current line has had only spaces.
    private var isIndentation = true

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
        guard let start = bytes.baseAddress else { return }
        // The system's search takes a fraction of the time of a loop that counts lines.
        let hasAny = [Byte.tab, UInt8(ascii: "?"), UInt8(ascii: "%")].contains {
            memchr(start, Int32($0), bytes.count) != nil
        }
        if hasAny { advance() }
    }

    /// Passes the suspect.
    mutating func advance() {
        next = nil
        while index < bytes.count, next == nil {
            let byte = bytes[index]
            switch byte {
            case Byte.newline:
                position = Position(line: position.line + 1, column: 0)
                lineStart = index + 1
                isIndentation = true
            case Byte.space: break
            case Byte.tab, UInt8(ascii: "?"): stop(at: byte)
            case UInt8(ascii: "%") where index == lineStart: stop(at: byte)
            default: isIndentation = false
            }
            if byte & 0xC0 != 0x80 { position.column += 1 }
            index += 1
        }
    }

    /// Passes the suspect and the rest of its line.
    mutating func skipLine() {
        index = bytes[index...].firstIndex(of: Byte.newline) ?? bytes.count
        advance()
    }

    /// Returns true when the suspect is part of a comment, given that the previous text ended at `end`.
    func isInComment(after end: Position) -> Bool {
        var column = 1
        return bytes[lineStart..<index].contains { byte in
            defer { if byte & 0xC0 != 0x80 { column += 1 } }
            return byte == Byte.hash && (end.line < position.line || column >= end.column)
        }
    }

    private mutating func stop(at byte: UInt8) {
        next = Suspect(position: position, byte: byte, isIndentation: isIndentation)
        isIndentation = false
    }
}
