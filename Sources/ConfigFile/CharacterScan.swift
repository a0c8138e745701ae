/// Refuses characters that must not appear in a configuration file.
enum CharacterScan {
    /// Returns true when `bytes` are printable ASCII and line breaks, as in nearly all files: then nothing is refused.
    static func isPlain(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        bytes.allSatisfy { ($0 >= 0x20 && $0 < 0x7F) || $0 == Byte.newline }
    }

    /// Returns a refusal of the first control character, odd line break, byte order mark or non-character in valid
    /// UTF-8; nil when all are fine. Tabs pass, because their places are a matter of syntax.
    static func refusal(of bytes: UnsafeBufferPointer<UInt8>) -> YAMLRefusal? {
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            // Nearly every byte leaves here: printable ASCII, and lead and continuation bytes of harmless characters.
            if (byte >= 0x20 && byte < 0x7F) || byte == 0x0A || (byte > 0xC2 && byte != 0xE2 && byte != 0xEF) {
                index += 1
                continue
            }
            if let message = problem(bytes, at: index) { return refusal(message, bytes, at: index) }
            index += 1
        }
        return nil
    }

    /// Returns the position of the first byte of `bytes` that is not valid UTF-8; nil when all are valid.
    static func invalidUTF8(in bytes: UnsafeBufferPointer<UInt8>) -> Findings.Position? {
        var start = 0
        // In parts, so that a large file is searched only up to the first fault, and copied a little at a time.
        while start < bytes.count {
            var end = min(start + 1 << 16, bytes.count)
            // A part ends between two characters.
            for _ in 0..<3 where end < bytes.count && bytes[end] & 0xC0 == 0x80 { end += 1 }
            let part = UnsafeBufferPointer(rebasing: bytes[start..<end])
            if String(validating: part, as: UTF8.self) == nil {
                return position(in: bytes, at: start + validCount(part))
            }
            start = end
        }
        return nil
    }

    /// Returns the number of bytes before the first that is not valid UTF-8.
    private static func validCount(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var count = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { count += UTF8.width(scalar) }
        return count
    }

    private static func problem(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> String? {
        let next = index + 1 < bytes.count ? bytes[index + 1] : 0
        let third = index + 2 < bytes.count ? bytes[index + 2] : 0
        switch (bytes[index], next, third) {
        case (0x09, _, _), (0x0D, 0x0A, _): return nil
        case (0x00, _, _): return "a NUL byte"
        case (0x0D, _, _): return "a carriage return without a line feed"
        case (0x00...0x1F, _, _), (0x7F, _, _), (0xC2, 0x80...0x84, _), (0xC2, 0x86...0x9F, _):
            return "a control character"
        case (0xC2, 0x85, _), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9): return "an unsupported line break"
        case (0xE2, 0x80, 0xAA...0xAE), (0xE2, 0x81, 0xA6...0xA9):
            return "an invisible character that changes the direction of the text"
        case (0xEF, 0xBB, 0xBF): return "a byte order mark in the middle of the file"
        case (0xEF, 0xBF, 0xBE), (0xEF, 0xBF, 0xBF): return "a code point that is not a character"
        default: return nil
        }
    }

    private static func refusal(_ message: String, _ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> YAMLRefusal {
        YAMLRefusal(
            position: position(in: bytes, at: index), message: message, hint: "save the file as plain UTF-8 text")
    }

    private static func position(in bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Findings.Position {
        let before = bytes[..<index]
        let lineStart = (before.lastIndex(of: Byte.newline) ?? -1) + 1
        return Findings.Position(
            line: before.count { $0 == Byte.newline } + 1,
            column: bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1)
    }
}
