/// A JSON object (RFC 8259), parsed strictly.
///
/// Foundation's parsers are not strict enough to prove anything: of two members with one name they keep one, they round
/// long numbers, and they accept UTF-16.
struct JSONObject: Hashable {
    private let members: [String: JSONValue]

    /// The maximum nesting depth.
    static let maxDepth = 16

    fileprivate init(members: [String: JSONValue]) { self.members = members }

    /// Creates the object from `bytes`; nil for anything else, and for an object that has two members with one name
    /// anywhere.
    init?(_ bytes: [UInt8]) {
        // Strings are cut out of the bytes below, where invalid UTF-8 would be repaired silently.
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var reader = JSONReader(bytes)
        do throws(JSONReader.Malformed) {
            self = try reader.document()
        } catch {
            return nil
        }
    }

    subscript(name: String) -> JSONValue? { members[name] }
}

/// A value in a JSON object.
enum JSONValue: Hashable {
    case object(JSONObject)
    /// An array; its elements are checked and dropped.
    case array
    case text(String)
    /// A whole number; nil for any other number, and for one whose digits could be rounded.
    case number(Int?)
    case bool(Bool)
    case null

    /// The string; nil for any other value.
    var text: String? {
        if case .text(let text) = self { return text }
        return nil
    }
}

private struct JSONReader {
    struct Malformed: Error {}

    private let bytes: [UInt8]
    private var index = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Parses the bytes as one object, with optional blanks and byte order mark around it.
    mutating func document() throws(Malformed) -> JSONObject {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { index = 3 }
        skipBlanks()
        let object = try object(depth: 1)
        skipBlanks()
        guard index == bytes.count else { throw Malformed() }
        return object
    }

    // MARK: - Values

    /// Parses the next value, inside `depth` objects and arrays.
    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        switch next {
        case UInt8(ascii: "\""): return .text(try text())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["):
            try skipArray(depth: depth + 1)
            return .array
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return .number(try number())
        }
    }

    private mutating func object(depth: Int) throws(Malformed) -> JSONObject {
        guard depth <= JSONObject.maxDepth else { throw Malformed() }
        try expect("{")
        skipBlanks()
        var members: [String: JSONValue] = [:]
        if consume("}") { return JSONObject(members: members) }
        repeat {
            skipBlanks()
            let name = try text(isName: true)
            skipBlanks()
            try expect(":")
            skipBlanks()
            // An object with two values for one name is rejected as a whole.
            guard members.updateValue(try value(depth: depth), forKey: name) == nil else { throw Malformed() }
            skipBlanks()
        } while consume(",")
        try expect("}")
        return JSONObject(members: members)
    }

    private mutating func skipArray(depth: Int) throws(Malformed) {
        guard depth <= JSONObject.maxDepth else { throw Malformed() }
        try expect("[")
        skipBlanks()
        if consume("]") { return }
        repeat {
            skipBlanks()
            _ = try value(depth: depth)
            skipBlanks()
        } while consume(",")
        try expect("]")
    }

    /// Parses a number: its value when it is whole and has at most 15 characters. A longer one could be rounded to
    /// another: 99.99999999999999999 would become 100.
    private mutating func number() throws(Malformed) -> Int? {
        let start = index
        _ = consume("-")
        if !consume("0") { try digits() }
        if consume(".") { try digits() }
        if consume("e") || consume("E") {
            if !consume("+") { _ = consume("-") }
            try digits()
        }
        guard let value = Double(String(decoding: bytes[start..<index], as: UTF8.self)), value.isFinite else {
            throw Malformed()
        }
        return index - start <= 15 ? Int(exactly: value) : nil
    }

    private mutating func digits() throws(Malformed) {
        let start = index
        while let byte = next, (48...57).contains(byte) { index += 1 }
        guard index > start else { throw Malformed() }
    }

    // MARK: - Strings

    private mutating func text() throws(Malformed) -> String { try text(isName: false) }

    /// - Parameter isName: true to reject escaped letters and digits. Honest writers never escape them in a name, and a
    ///   parser that compares names as they are written would mistake the member for another one.
    private mutating func text(isName: Bool) throws(Malformed) -> String {
        try expect("\"")
        var content: [UInt8] = []
        var start = index
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw Malformed() }
            index += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            content += bytes[start..<(index - 1)]
            let meant = try escape()
            if isName, meant.utf8.allSatisfy(Self.isOfWord) { throw Malformed() }
            content += meant.utf8
            start = index
        }
        content += bytes[start..<index]
        try expect("\"")
        return String(decoding: content, as: UTF8.self)
    }

    private static func isOfWord(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
    }

    /// Returns the text of the escape whose backslash was just read.
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
        // The initializer would accept a sign.
        guard text.utf8.allSatisfy({ $0 >= 48 }), let unit = UInt16(text, radix: 16) else { throw Malformed() }
        index += 4
        return unit
    }

    // MARK: - Bytes

    private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipBlanks() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
    }

    /// Consumes `wanted` if it is next, and returns whether it was.
    private mutating func consume(_ wanted: StaticString) -> Bool {
        let wanted = UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount)
        guard bytes[index...].starts(with: wanted) else { return false }
        index += wanted.count
        return true
    }

    private mutating func expect(_ wanted: StaticString) throws(Malformed) {
        guard consume(wanted) else { throw Malformed() }
    }
}
