/// A table of text in the format of RFC 4180, with the position of every field.
struct CSVTable {
    typealias Position = Findings.Position

    /// One field, without its quotes.
    struct Field {
        /// The text without spaces at its ends.
        let text: String
        let position: Position
    }

    /// The reason why the text is not a table.
    struct Refusal: Error {
        let position: Position
        let message: String
        var hint: String?
    }

    /// The rows that have any text, with the header first.
    private(set) var rows: [[Field]] = []
    /// The character between two fields: a comma, or the semicolon of spreadsheets in countries with a decimal comma.
    let delimiter: UInt8

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var lineStart = 0

    /// The maximum of fields in a row; no list of numbers has more.
    static let maxFields = 64

    /// Reads valid UTF-8 without a byte order mark.
    init(parsing bytes: [UInt8]) throws(Refusal) {
        self.bytes = bytes
        let named = Self.namedDelimiter(of: bytes)
        delimiter = named?.byte ?? Self.delimiter(of: bytes)
        if let named {
            index = named.end
            beginLine()
        }
        while index < bytes.count {
            let row = try readRow()
            if row.contains(where: { !$0.text.isEmpty }) { rows.append(row) }
        }
    }

    /// Returns the first of the two delimiters outside quotes in the header; a comma when the header has neither.
    private static func delimiter(of bytes: [UInt8]) -> UInt8 {
        var isQuoted = false
        for byte in bytes {
            switch byte {
            case Byte.doubleQuote: isQuoted.toggle()
            case Byte.comma where !isQuoted, Byte.semicolon where !isQuoted: return byte
            case Byte.newline where !isQuoted, Byte.carriageReturn where !isQuoted: return Byte.comma
            default: continue
            }
        }
        return Byte.comma
    }

    /// Returns the delimiter that a first line `sep=;` names, as some spreadsheets write it, and the end of that line.
    private static func namedDelimiter(of bytes: [UInt8]) -> (byte: UInt8, end: Int)? {
        let end = bytes.firstIndex { $0 == Byte.newline || $0 == Byte.carriageReturn } ?? bytes.count
        let line = bytes[..<end].filter { $0 != Byte.doubleQuote }
        guard line.count == 5, String(decoding: line.prefix(4), as: UTF8.self).lowercased() == "sep=" else {
            return nil
        }
        let isPair = end + 1 < bytes.count && bytes[end] == Byte.carriageReturn && bytes[end + 1] == Byte.newline
        return (line[4], min(bytes.count, end + (isPair ? 2 : 1)))
    }

    private mutating func readRow() throws(Refusal) -> [Field] {
        var row: [Field] = []
        while true {
            guard row.count < Self.maxFields else {
                throw Refusal(position: position(of: index), message: "more than \(Self.maxFields) fields in one row")
            }
            row.append(try readField())
            guard index < bytes.count else { return row }
            let byte = bytes[index]
            index += 1
            if byte == delimiter { continue }
            if byte == Byte.carriageReturn, index < bytes.count, bytes[index] == Byte.newline { index += 1 }
            beginLine()
            return row
        }
    }

    /// Reads up to the delimiter or the line break, which `readRow` consumes.
    private mutating func readField() throws(Refusal) -> Field {
        while index < bytes.count, bytes[index] == Byte.space { index += 1 }
        let start = position(of: index)
        // A spreadsheet treats ="…" as text, whatever it contains.
        if index + 1 < bytes.count, bytes[index] == Byte.equals, bytes[index + 1] == Byte.doubleQuote { index += 1 }
        if index < bytes.count, bytes[index] == Byte.doubleQuote {
            return Field(text: Self.plain(Self.trimmed(try readQuoted(start))), position: start)
        }
        let first = index
        while index < bytes.count, !isEndOfField {
            if bytes[index] == Byte.doubleQuote {
                throw Refusal(
                    position: position(of: index), message: "a quote in the middle of a field",
                    hint: "put the whole field in quotes, and double each quote inside it")
            }
            index += 1
        }
        return Field(text: Self.trimmed(bytes[first..<index]), position: start)
    }

    private mutating func readQuoted(_ start: Position) throws(Refusal) -> ArraySlice<UInt8> {
        index += 1
        var text: ArraySlice<UInt8> = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == Byte.doubleQuote {
                guard index < bytes.count, bytes[index] == Byte.doubleQuote else {
                    while index < bytes.count, bytes[index] == Byte.space { index += 1 }
                    guard index == bytes.count || isEndOfField else {
                        throw Refusal(
                            position: position(of: index), message: "text after the closing quote",
                            hint: "double each quote inside a field")
                    }
                    return text
                }
                index += 1
            }
            text.append(byte)
            if byte == Byte.newline { beginLine() }
        }
        throw Refusal(
            position: start, message: "this quote is never closed: the file ends inside it",
            hint: "is the file truncated?")
    }

    private var isEndOfField: Bool {
        let byte = bytes[index]
        return byte == delimiter || byte == Byte.newline || byte == Byte.carriageReturn
    }

    private mutating func beginLine() {
        line += 1
        lineStart = index
    }

    private func position(of byte: Int) -> Position {
        Position(line: line, column: bytes[lineStart..<min(byte, bytes.count)].count { $0 & 0xC0 != 0x80 } + 1)
    }

    /// Returns the text of a cell that a spreadsheet wrote as the formula `="…"`; otherwise the text itself.
    private static func plain(_ text: String) -> String {
        text.count > 2 && text.hasPrefix("=\"") && text.hasSuffix("\"") ? String(text.dropFirst(2).dropLast()) : text
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        var bytes = bytes
        while bytes.first == Byte.space { bytes.removeFirst() }
        while bytes.last == Byte.space { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }
}
