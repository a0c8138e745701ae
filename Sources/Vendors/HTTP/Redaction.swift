import Planning

/// Makes external text safe to show: one line, bounded, without control characters and without secrets.
enum Redaction {
    /// The replacement for a secret.
    static let placeholder = "[redacted]"

    /// Returns `text` with every occurrence of `secrets` replaced, at most `longest` Unicode scalars of it.
    ///
    /// Secrets are replaced before the cut, so that no part of one is left at the end. Bytes are compared, not
    /// characters: a combining mark after a secret makes its last letter another character, and would hide it.
    ///
    /// A number of exactly six digits counts as a PIN of any owner: the PINs of the whole fleet, and those that others
    /// set, need not be known to be kept out of the log. It is shown when the text announces it as a code, as in
    /// `(#133016)`, or when it is `code`, and is not among `secrets` and `others`.
    ///
    /// - Parameter code: the vendor's own code for this answer, which is shown beside the text.
    static func clean(
        _ text: String, secrets: [String], others: SecretIndex = SecretIndex(), code: Int? = nil, longest: Int
    ) -> String {
        var bytes = Array(text.onOneLine().utf8)
        for secret in secrets where !secret.isEmpty { bytes = replacing(Array(secret.utf8), in: bytes) }
        bytes = others.redacting(bytes)
        bytes = hidingSixDigits(in: bytes, but: code)
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

    private static func hidingSixDigits(in bytes: [UInt8], but code: Int?) -> [UInt8] {
        let code = code.map { Array(String($0).utf8) }
        var result: [UInt8] = []
        var run: [UInt8] = []
        for byte in bytes + [0] {
            if (48...57).contains(byte) {
                run.append(byte)
                continue
            }
            let isHidden = run.count == 6 && run != code && !announcesCode(result.suffix(maxAnnouncementLength), byte)
            result += isHidden ? Array(placeholder.utf8) : run
            run = []
            result.append(byte)
        }
        return result.dropLast()
    }

    /// The announcements of a code before a number, in lower case. A plain `code` is not among them, because it can
    /// mean a PIN.
    private static let announcements = [
        "(#", "error #", "error ", "error=", "error code ", "error code: ", "error code=", "error_code=",
        "error_code: ",
        "error_code\":", "error_code\": ", "\"code\":", "\"code\": ", "status ", "status: ", "status=", "\"status\":",
        "\"status\": ",
    ].map { Array($0.utf8) }
    private static let maxAnnouncementLength = 32

    /// Returns whether the text announces the number between `before` and `next` as a code.
    private static func announcesCode(_ before: ArraySlice<UInt8>, _ next: UInt8) -> Bool {
        let lower = before.map { (65...90).contains($0) ? $0 + 32 : $0 }
        return announcements.contains { announcement in
            guard lower.count >= announcement.count, lower.suffix(announcement.count).elementsEqual(announcement) else {
                return false
            }
            // Parentheses come in pairs, and a word begins where no letter is before it.
            if announcement[0] == 40 { return next == 41 }
            let preceding = lower.dropLast(announcement.count).last
            return preceding.map { !(97...122).contains($0) } ?? true
        }
    }
}
