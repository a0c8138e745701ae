import Foundation

/// The JSON that the vendor answers with: `{"status":100,"message":"Success"}`.
struct AnswerBody: Hashable {
    let status: Int
    let message: String?

    /// The deepest nesting that is read; the documented answer has one level.
    static let deepest = 16

    /// Reads an answer; nil for anything but one JSON object with one `status` that is a whole number, or such a number
    /// in a string.
    init?(_ bytes: [UInt8]) {
        guard let body = Self.plain(bytes) ?? Self.any(bytes) else { return nil }
        self = body
    }

    private init(status: Int, message: String?) {
        self.status = status
        self.message = message
    }

    /// Reads an answer that is written as plainly as the documented one: nothing but a whole number and a text without
    /// escapes, each at most once. Nil for everything else, which ``any(_:)`` has to look at.
    ///
    /// Nearly every answer is like this, and to read one with all of JSON costs as much as a tenth of its request.
    static func plain(_ bytes: [UInt8]) -> AnswerBody? {
        var rest = bytes[...]
        func take(_ text: StaticString) -> Bool {
            let wanted = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
            guard rest.starts(with: wanted) else { return false }
            rest = rest.dropFirst(wanted.count)
            return true
        }
        var (status, message): (Int?, String?) = (nil, nil)
        var separator: StaticString = "{"
        while !rest.isEmpty, take(separator) {
            separator = ","
            if status == nil, take("\"status\":") {
                let digits = rest.prefix { (48...57).contains($0) }
                guard (1...9).contains(digits.count), digits.count == 1 || digits.first != 48 else { return nil }
                status = digits.reduce(0) { $0 * 10 + Int($1 - 48) }
                rest = rest.dropFirst(digits.count)
            } else if message == nil, take("\"message\":\"") {
                let text = rest.prefix {
                    (32...126).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
                }
                rest = rest.dropFirst(text.count)
                guard take("\"") else { return nil }
                message = String(decoding: text, as: UTF8.self)
            } else {
                return nil
            }
        }
        guard let status, rest.elementsEqual([UInt8(ascii: "}")]) else { return nil }
        return AnswerBody(status: status, message: message)
    }

    /// Reads any answer, with all of JSON.
    static func any(_ bytes: [UInt8]) -> AnswerBody? {
        let data = Data(bytes)
        // What cannot be read is malformed: the caller says so. The decoder reads only what it is asked for, so another
        // reader sees first to it that all of the answer is JSON.
        guard Self.isReadable(bytes), (try? JSONSerialization.jsonObject(with: data)) is [String: Any] else {
            return nil
        }
        // Nor does it matter what is wrong with a status.
        guard let wire = try? JSONDecoder().decode(Wire.self, from: data) else { return nil }
        return AnswerBody(status: wire.status, message: wire.message)
    }

    private struct Wire: Decodable {
        let status: Int
        let message: String?

        enum CodingKeys: CodingKey { case status, message }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // Not a string is a number, or nothing that is read here.
            if let text = try? container.decode(String.self, forKey: .status) {
                // Exactly as a number would be printed: `0100`, `+100` and `100 ` are somebody's guess.
                guard let value = Int(text), (0..<1_000_000_000).contains(value), String(value) == text else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .status, in: container, debugDescription: "not a number")
                }
                status = value
            } else {
                status = try container.decode(Int.self, forKey: .status)
            }
            // A message of another type is no reason to doubt the status.
            message = try? container.decode(String.self, forKey: .message)
        }
    }

    /// Whether the bytes are shallow enough to decode, and name `status` once at the top level.
    ///
    /// An object that says two things is not believed at all: which one a decoder picks proves nothing.
    private static func isReadable(_ bytes: [UInt8]) -> Bool {
        var depth = 0
        var statusKeys = 0
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                if depth > deepest { return false }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
            case UInt8(ascii: "\""):
                let start = index + 1
                index = start
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                guard index < bytes.count else { return false }
                if depth == 1, isKey(bytes, after: index) {
                    let name = bytes[start..<index]
                    if name.elementsEqual("status".utf8) {
                        statusKeys += 1
                        if mayBeRounded(bytes, after: index) { return false }
                    }
                    if spellsASCII(name) { return false }
                }
            default:
                break
            }
            index += 1
        }
        return statusKeys == 1
    }

    /// Whether a key's value is a number with more digits than a decoder keeps: 99.99999999999999999 would become 100.
    private static func mayBeRounded(_ bytes: [UInt8], after quote: Int) -> Bool {
        let value = bytes[(quote + 1)...].drop { isBlank($0) || $0 == UInt8(ascii: ":") }
        let literal = value.prefix { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        return literal.count > 15
    }

    /// Whether a key writes an ASCII letter as `\u00..`: it might be another `status`, and nothing honest needs it.
    private static func spellsASCII(_ name: ArraySlice<UInt8>) -> Bool {
        name.indices.contains { name[$0...].starts(with: "\\u00".utf8) }
    }

    private static func isKey(_ bytes: [UInt8], after quote: Int) -> Bool {
        bytes[(quote + 1)...].first { !isBlank($0) } == UInt8(ascii: ":")
    }

    private static func isBlank(_ byte: UInt8) -> Bool { [32, 9, 10, 13].contains(byte) }
}
