/// Refuses characters that have no business in a configuration file.
enum CharacterScan {
    /// The first control character, odd line break, byte order mark or non-character of valid UTF-8; nil when there is
    /// none. A tab passes: where it may stand is a question of syntax.
    static func refusal(of bytes: UnsafeBufferPointer<UInt8>) -> YAMLRefusal? {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            // Nearly every byte leaves here: printable ASCII, and lead and continuation bytes that begin nothing odd.
            if (byte >= 0x20 && byte < 0x7F) || byte == 0x0A || (byte > 0xC2 && byte != 0xE2 && byte != 0xEF) {
                index += 1
                continue
            }
            if let message = problem(bytes, at: index) { return refusal(message, bytes, at: index) }
            index += 1
        }
        return nil
    }

    /// The place of the first byte of `bytes` that is not valid UTF-8; nil when all are.
    static func invalidUTF8(in bytes: UnsafeBufferPointer<UInt8>) -> Findings.Position? {
        // Plain ASCII is valid, and known as such without a copy.
        if bytes.allSatisfy({ $0 < 0x80 }) || String(validating: bytes, as: UTF8.self) != nil { return nil }
        var position = Findings.Position(line: 1, column: 1)
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue("\n"): position = Findings.Position(line: position.line + 1, column: 1)
            case .scalarValue: position.column += 1
            case .emptyInput, .error: return position
            }
        }
    }

    private static func problem(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> String? {
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        let third = index + 2 < bytes.count ? bytes[index + 2] : 0
        switch (bytes[index], next, third) {
        case (0x09, _, _), (0x0D, 0x0A, _): return nil
        case (0x00, _, _): return "a NUL byte"
        case (0x0D, _, _): return "a carriage return that ends no line"
        case (0x00...0x1F, _, _), (0x7F, _, _), (0xC2, 0x80...0x84, _), (0xC2, 0x86...0x9F, _):
            return "a control character"
        case (0xC2, 0x85, _), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9): return "an odd line break"
        case (0xE2, 0x80, 0xAA...0xAE), (0xE2, 0x81, 0xA6...0xA9):
            return "an invisible character that changes the direction of the text"
        case (0xEF, 0xBB, 0xBF): return "a byte order mark in the middle of the file"
        case (0xEF, 0xBF, 0xBE), (0xEF, 0xBF, 0xBF): return "a code that is no character"
        default: return nil
        }
    }

    private static func refusal(_ message: String, _ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> YAMLRefusal {
        let before = bytes[..<index]
        let lineStart = (before.lastIndex(of: 0x0A) ?? -1) + 1
        let position = Findings.Position(
            line: before.count { $0 == 0x0A } + 1,
            column: bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1)
        return YAMLRefusal(position: position, message: message, hint: "save the file as plain UTF-8 text")
    }
}
