/// The JSON that the vendor answers with: `{"status":100,"message":"Success"}`.
struct AnswerBody: Hashable {
    let status: Int
    let message: String?

    /// The deepest nesting that is read; the documented answer has one level.
    static let deepest = 16

    /// Reads an answer; nil for anything but one JSON object with one `status` that is a whole number, or such a number
    /// in a string.
    init?(_ bytes: [UInt8]) {
        // Texts are cut out of the bytes below: invalid UTF-8 would be repaired silently there.
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = AnswerReader(bytes)
        do throws(AnswerReader.Malformed) {
            (status, message) = try reader.answer()
        } catch {
            return nil
        }
    }
}

/// Reads JSON strictly, as RFC 8259 has it, and keeps of it what an answer says.
///
/// Foundation's readers are not strict enough to prove anything: of two members with one name they keep one, they round
/// long numbers, and they accept UTF-16.
private struct AnswerReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The members `status` and `message` of the one object that the bytes are.
    mutating func answer() throws(Malformed) -> (status: Int, message: String?) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        var (status, message): (Int?, String?) = (nil, nil)
        skipBlanks()
        try expect("{")
        repeat {
            skipBlanks()
            let start = index
            switch try text() {
            case "status":
                // An object that says two things is not believed at all, and no honest one spells this with escapes.
                guard status == nil, index - start == 8 else { throw Malformed() }
                try expectColon()
                status = try statusValue()
            case "message":
                try expectColon()
                // A message of another type is no reason to doubt the status.
                if next == UInt8(ascii: "\"") { message = try text() } else { try skipValue(depth: 1) }
            default:
                try expectColon()
                try skipValue(depth: 1)
            }
            skipBlanks()
        } while take(",")
        try expect("}")
        skipBlanks()
        guard index == bytes.count, let status else { throw Malformed() }
        return (status, message)
    }

    /// A whole number, or the digits of one in a string, exactly as it would be printed: `0100`, `+100` and `100 ` are
    /// guesses.
    private mutating func statusValue() throws(Malformed) -> Int {
        if next == UInt8(ascii: "\"") {
            let text = try text()
            guard let value = Int(text), (0..<1_000_000_000).contains(value), String(value) == text else {
                throw Malformed()
            }
            return value
        }
        // A number with more digits could be rounded to another one: 99.99999999999999999 would become 100.
        let start = index
        guard let value = Int(exactly: try number()), index - start <= 15 else { throw Malformed() }
        return value
    }

    // MARK: - Values

    /// Reads over a value inside `depth` objects and arrays.
    private mutating func skipValue(depth: Int) throws(Malformed) {
        switch next {
        case UInt8(ascii: "\""): _ = try text()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try skipContainer(depth: depth + 1)
        case UInt8(ascii: "t"): try expect("true")
        case UInt8(ascii: "f"): try expect("false")
        case UInt8(ascii: "n"): try expect("null")
        default: _ = try number()
        }
    }

    private mutating func skipContainer(depth: Int) throws(Malformed) {
        guard depth <= AnswerBody.deepest else { throw Malformed() }
        let isObject = take("{")
        if !isObject { try expect("[") }
        let end: StaticString = isObject ? "}" : "]"
        skipBlanks()
        if take(end) { return }
        repeat {
            skipBlanks()
            if isObject {
                _ = try text()
                try expectColon()
            }
            try skipValue(depth: depth)
            skipBlanks()
        } while take(",")
        try expect(end)
    }

    private mutating func number() throws(Malformed) -> Double {
        let start = index
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") { try digits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try digits()
        }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            throw Malformed()
        }
        return value
    }

    private mutating func digits() throws(Malformed) {
        let start = index
        while let byte = next, (48...57).contains(byte) { index += 1 }
        guard index > start else { throw Malformed() }
    }

    // MARK: - Texts

    private mutating func text() throws(Malformed) -> String {
        try expect("\"")
        var content: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw Malformed() }
            index += 1
            if byte == UInt8(ascii: "\\") {
                content += try escape().utf8
            } else {
                content.append(byte)
            }
        }
        try expect("\"")
        return String(decoding: content, as: UTF8.self)
    }

    /// What the escape whose backslash was just read stands for.
    private mutating func escape() throws(Malformed) -> String {
        guard let byte = next else { throw Malformed() }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return String(UnicodeScalar(byte))
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            var units = [try codeUnit()]
            if UTF16.isLeadSurrogate(units[0]) {
                try expect("\\u")
                units.append(try codeUnit())
            }
            guard let text = String(validating: units, as: UTF16.self) else { throw Malformed() }
            return text
        default: throw Malformed()
        }
    }

    private mutating func codeUnit() throws(Malformed) -> UInt16 {
        guard index + 4 <= bytes.count else { throw Malformed() }
        let text = String(decoding: bytes[index..<(index + 4)], as: UTF8.self)
        // Neither a sign nor anything else but digits, which the initializer would accept.
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }), let unit = UInt16(text, radix: 16) else {
            throw Malformed()
        }
        index += 4
        return unit
    }

    // MARK: - Bytes

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
    }

    /// Reads `wanted` if it is next.
    private mutating func take(_ wanted: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount)
        guard bytes[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func expect(_ wanted: StaticString) throws(Malformed) {
        guard take(wanted) else { throw Malformed() }
    }

    /// The colon behind a name, and the blanks around it.
    private mutating func expectColon() throws(Malformed) {
        skipBlanks()
        try expect(":")
        skipBlanks()
    }
}
