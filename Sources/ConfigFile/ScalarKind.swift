/// The kind of a scalar in YAML 1.2 with the core schema, which is also its kind in a JSON Schema.
enum ScalarKind: String {
    case text
    case integer = "a whole number"
    case number = "a number"
    case boolean = "true or false"
    case null = "nothing"

    /// Determines the kind of text without quotes, which depends on its form.
    init(plain text: String) {
        var text = text
        self = text.withUTF8 { ScalarKind(plain: $0) }
    }

    init(plain bytes: UnsafeBufferPointer<UInt8>) {
        self = Self.kind(of: bytes)
    }

    private static func kind(of bytes: UnsafeBufferPointer<UInt8>) -> ScalarKind {
        guard let first = bytes.first else { return .null }
        // The first byte decides for nearly every text.
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return isInteger(bytes) ? .integer : isNumber(bytes) ? .number : .text
        case UInt8(ascii: "~"), UInt8(ascii: "n"), UInt8(ascii: "N"):
            return isOne(of: nullWords, bytes) ? .null : .text
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"):
            return isOne(of: booleanWords, bytes) ? .boolean : .text
        default: return .text
        }
    }

    private static let nullWords = ["~", "null", "Null", "NULL"]
    private static let booleanWords = ["true", "True", "TRUE", "false", "False", "FALSE"]
    private static let numberWords = [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"]

    private static func isOne(of words: [String], _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.count <= 5 && words.contains { $0.utf8.elementsEqual(bytes) }
    }

    private static func isInteger(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        if bytes.count > 2, bytes[0] == UInt8(ascii: "0") {
            let digits = bytes.dropFirst(2)
            if bytes[1] == UInt8(ascii: "x") {
                return digits.allSatisfy { isDigit($0) || (97...102).contains($0 | 0x20) }
            }
            if bytes[1] == UInt8(ascii: "o") { return digits.allSatisfy { (48...55).contains($0) } }
        }
        let digits = bytes.dropFirst(bytes.first == UInt8(ascii: "+") || bytes.first == Byte.dash ? 1 : 0)
        return !digits.isEmpty && digits.allSatisfy(isDigit)
    }

    private static func isNumber(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let unsigned = bytes.drop { $0 == UInt8(ascii: "+") || $0 == Byte.dash }
        if unsigned.first == UInt8(ascii: "."), numberWords.contains(where: { $0.utf8.elementsEqual(unsigned) }) {
            return true
        }
        return bytes.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) }
            && Double(String(decoding: bytes, as: UTF8.self)) != nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
}
