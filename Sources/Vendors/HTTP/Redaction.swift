import Planning

/// Makes a text from outside fit to be shown: one line, bounded, without control characters and without secrets.
enum Redaction {
    /// What stands where a secret was.
    static let placeholder = "[redacted]"

    /// `text` with every occurrence of `secrets` replaced, at most `longest` Unicode scalars of it.
    ///
    /// Secrets are replaced before the cut, so that no part of one is left at the end. Bytes are compared, not
    /// characters: a combining mark behind a secret makes its last letter another character, and would hide it.
    ///
    /// A number of exactly six digits is taken for a PIN, whosever it is: the PINs of the whole fleet, and those that
    /// others set, need not be known to be kept out of the log.
    static func clean(
        _ text: String, secrets: [String], others: SecretIndex = SecretIndex(), longest: Int
    ) -> String {
        var bytes = Array(text.onOneLine().utf8)
        for secret in secrets where !secret.isEmpty { bytes = replacing(Array(secret.utf8), in: bytes) }
        bytes = others.redacting(bytes)
        bytes = hidingSixDigits(in: bytes)
        let redacted = String(decoding: bytes, as: UTF8.self)
        return String(String.UnicodeScalarView(redacted.unicodeScalars.prefix(longest)))
    }

    private static func replacing(_ secret: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard secret.count <= bytes.count else { return bytes }
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == secret[0], bytes[index...].starts(with: secret) {
                result += placeholder.utf8
                index += secret.count
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }

    private static func hidingSixDigits(in bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var run: [UInt8] = []
        for byte in bytes + [0] {
            if (48...57).contains(byte) {
                run.append(byte)
                continue
            }
            result += run.count == 6 ? Array(placeholder.utf8) : run
            run = []
            result.append(byte)
        }
        return result.dropLast()
    }
}
