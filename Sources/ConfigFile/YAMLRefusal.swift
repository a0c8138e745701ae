/// The construct at which the reading of a YAML file stops, with the remedy.
struct YAMLRefusal: Error {
    let position: Findings.Position
    let message: String
    var hint: String?

    static func textBehindMarker(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(position: position, message: "text after a document marker", hint: "begin it on the next line")
    }

    static func secondDocument(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position, message: "a second YAML document begins here",
            hint: "keep one document per file: delete the '---' or '...' line")
    }

    static func tooDeep(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position, message: "nested more than \(YAMLEvents.maxDepth) deep",
            hint: "the file needs four levels at most")
    }

    static func openQuote(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position, message: "this quote is not closed on its line",
            hint: "close it: text over several lines is not supported")
    }

    static func unclosedQuote(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position, message: "this quote is never closed: the file ends inside it",
            hint: "is the file truncated?")
    }

    static func colonWithoutKey(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(position: position, message: "a ':' without a key before it", hint: "put the text in quotes")
    }

    static func severalLines(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position, message: "this line is indented under a value that is complete",
            hint: "align it with the key that it belongs to; or is a ':' missing in the line above?")
    }

    static func missingComma(at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(position: position, message: "a ',' or a closing bracket is missing before this")
    }

    static func neverClosed(_ bracket: UInt8, at position: Findings.Position) -> YAMLRefusal {
        YAMLRefusal(
            position: position,
            message: "this '\(Character(Unicode.Scalar(bracket)))' is never closed: the file ends inside it",
            hint: "is the file truncated?")
    }
}

/// The text of a file, addressed by position. Each method walks over all lines before the position, which is fine
/// because they are called once, when the file is refused.
struct SourceText {
    typealias Position = Findings.Position

    let bytes: UnsafeBufferPointer<UInt8>

    /// Returns the byte at a position; a newline after the end.
    func byte(at position: Position) -> UInt8 {
        let index = index(of: position)
        return index < bytes.count ? bytes[index] : Byte.newline
    }

    /// Returns true when only spaces precede a position on its line.
    func isFirstOnLine(_ position: Position) -> Bool {
        bytes[lineStart(position.line)..<index(of: position)].allSatisfy { $0 == Byte.space }
    }

    /// Returns true when the line of a position begins with `marker`, three characters and a blank.
    func beginsLine(_ marker: String, of position: Position) -> Bool {
        let line = bytes[lineStart(position.line)...]
        return line.starts(with: marker.utf8) && (line.dropFirst(3).first.map(Self.isBlank) ?? true)
    }

    /// Returns true when a line break follows a position.
    func hasLineBreak(after position: Position) -> Bool { bytes[index(of: position)...].contains(Byte.newline) }

    /// Returns true when a space, a tab or the end of the line follows the character at a position.
    func isBlank(after position: Position) -> Bool {
        let next = index(of: position) + 1
        return next < bytes.count ? Self.isBlank(bytes[next]) : true
    }

    /// Returns the first position from `position` on that is not a space.
    func nextWord(from position: Position) -> Position {
        let index = index(of: position)
        let spaces = bytes[min(index, bytes.count)...].prefix { $0 == Byte.space }
        return Position(line: position.line, column: position.column + spaces.count)
    }

    /// Returns true when an anchor or a tag begins at a position.
    func hasProperties(at position: Position) -> Bool {
        byte(at: position) == UInt8(ascii: "&") || byte(at: position) == UInt8(ascii: "!")
    }

    /// Returns the refusal of plain text that begins at `position` and continues on a later line, at the position where
    /// it continues.
    func continuationRefusal(after position: Position, isInBrackets: Bool) -> YAMLRefusal {
        var next = Position(line: position.line + 1, column: 1)
        // Over the bytes, since there may be a million empty lines.
        for byte in bytes[lineStart(next.line)...] {
            switch byte {
            case Byte.newline: next = Position(line: next.line + 1, column: 1)
            case Byte.space: next.column += 1
            case Byte.carriageReturn: break
            default: return isInBrackets ? .missingComma(at: next) : .severalLines(at: next)
            }
        }
        return isInBrackets ? .missingComma(at: next) : .severalLines(at: next)
    }

    /// Returns the refusal of a character that begins a construct which these files do not use.
    func constructRefusal(at position: Position) -> YAMLRefusal {
        let byte = byte(at: position)
        let message: String
        switch byte {
        case UInt8(ascii: "&"): message = "an anchor ('&') is not supported in this file"
        case UInt8(ascii: "*"): message = "an alias ('*') is not supported in this file"
        case UInt8(ascii: "!"): message = "a tag ('!') is not supported in this file"
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            return YAMLRefusal(
                position: position, message: "block text ('|' or '>') is not supported in this file",
                hint: "write the text on one line")
        case UInt8(ascii: "?"): message = "a key cannot begin with '?' here"
        default: message = "a value cannot begin with '\(Character(Unicode.Scalar(byte)))'"
        }
        return YAMLRefusal(position: position, message: message, hint: "put the text in quotes")
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        [Byte.space, Byte.tab, Byte.newline, Byte.carriageReturn].contains(byte)
    }

    private func lineStart(_ line: Int) -> Int {
        var start = 0
        for _ in 1..<max(1, line) { start = (bytes[start...].firstIndex(of: Byte.newline) ?? bytes.count - 1) + 1 }
        return min(start, bytes.count)
    }

    private func index(of position: Position) -> Int {
        var index = lineStart(position.line)
        for _ in 1..<max(1, position.column) where index < bytes.count {
            index += 1
            while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
        }
        return index
    }
}
