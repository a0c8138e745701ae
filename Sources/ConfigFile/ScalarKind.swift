/// The kind of a scalar to a YAML 1.2 reader with the core schema, which is also the kind that a JSON Schema sees.
enum ScalarKind: String {
    case text
    case integer = "a whole number"
    case number = "a number"
    case boolean = "true or false"
    case null = "nothing"

    /// The kind of text without quotes, which depends on its look.
    init(plain text: String) {
        // The first byte settles nearly every text: other kinds begin with a digit, a sign, a dot, or one of these.
        guard let first = text.utf8.first, !Self.beginsText(first) else {
            self = text.isEmpty ? .null : .text
            return
        }
        switch text {
        case "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE", "false", "False", "FALSE": self = .boolean
        default:
            if Self.isInteger(text) {
                self = .integer
            } else if Self.isNumber(text) {
                self = .number
            } else {
                self = .text
            }
        }
    }

    private static func beginsText(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"), UInt8(ascii: "t"), UInt8(ascii: "T"),
            UInt8(ascii: "f"), UInt8(ascii: "F"):
            false
        default: true
        }
    }

    private static func isInteger(_ text: String) -> Bool {
        var bytes = text.utf8[...]
        if bytes.starts(with: "0x".utf8), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        }
        if bytes.starts(with: "0o".utf8), bytes.count > 2 {
            return bytes.dropFirst(2).allSatisfy { (48...55).contains($0) }
        }
        if let first = bytes.first, first == UInt8(ascii: "+") || first == Byte.dash { bytes = bytes.dropFirst() }
        return !bytes.isEmpty && bytes.allSatisfy { (48...57).contains($0) }
    }

    private static func isNumber(_ text: String) -> Bool {
        // The first byte settles nearly every text without a conversion.
        guard let first = text.utf8.first, (48...57).contains(first) || [0x2B, 0x2D, 0x2E].contains(first) else {
            return false
        }
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(unsigned)) { return true }
        return text.utf8.allSatisfy { (48...57).contains($0) || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains($0) }
            && Double(text) != nil
    }
}
