/// Distinguishes secrets from names by their form, so that a secret in the wrong place is neither accepted nor shown.
enum SecretShape {
    /// The maximum length of the name of a token or PIN.
    static let maxNameLength = 64

    /// Returns true when `text` may name a token or a PIN: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    static func isName(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard let first = bytes.first, isAlphanumeric(first), bytes.count <= maxNameLength else { return false }
            return bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2E || $0 == 0x5F || $0 == 0x2D }
        }
    }

    /// Returns true when `text` has the form of a PIN: six digits.
    static func isPIN(_ text: String) -> Bool {
        text.utf8.count == 6 && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    /// Returns true when `text` looks like a generated key, rather than a chosen name.
    ///
    /// Such a key is a run of 20 or more letters and digits, well mixed, or a UUID.
    static func looksLikeToken(_ text: some StringProtocol) -> Bool {
        guard text.utf8.count >= 20 else { return false }
        if isUUID(text) { return true }
        return text.utf8.split(whereSeparator: { !isAlphanumeric($0) }).contains { isMixedRun(Array($0)) }
    }

    /// Returns true when `text` must not be shown, because it looks like a token or a PIN.
    static func isSuspect(_ text: String) -> Bool { looksLikeToken(text) || isPIN(text) }

    /// Returns a source line with everything that may be a secret replaced by asterisks, one for one.
    ///
    /// This masks words that look like a token or a PIN, and any value after a key such as `token:` or `pin:` that is
    /// not a plain name.
    static func masked(_ line: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var line = line
        var start = 0
        while start < line.count {
            guard isWordCharacter(line[start]) else {
                start += 1
                continue
            }
            var end = start
            while end < line.count, isWordCharacter(line[end]) { end += 1 }
            if isSuspect(String(String.UnicodeScalarView(line[start..<end]))) {
                for index in start..<end { line[index] = "*" }
            }
            start = end
        }
        maskValues(in: &line)
        return line
    }

    /// Masks the value after each key whose name suggests a secret, unless the value is a plain name.
    private static func maskValues(in line: inout [Unicode.Scalar]) {
        for (index, scalar) in line.enumerated() where scalar == ":" {
            let key = String(String.UnicodeScalarView(line[max(0, index - 40)..<index])).lowercased()
            let word = key.reversed().drop { "\"' ".contains($0) }.prefix { $0.isLetter || $0 == "_" || $0 == "-" }
            let name = String(word.reversed())
            guard
                name == EntryKey.observer.rawValue
                    || ["token", "pin", "secret", "password", "key"].contains(where: {
                        name.hasSuffix($0) || name.hasPrefix($0)
                    })
            else { continue }
            var from = index + 1
            while from < line.count, " \"'".unicodeScalars.contains(line[from]) { from += 1 }
            var to = from
            while to < line.count, !" \"',}]#".unicodeScalars.contains(line[to]) { to += 1 }
            let value = String(String.UnicodeScalarView(line[from..<to]))
            // The value is only a name when nothing but a comment, a comma or a bracket follows it.
            var rest = to
            while rest < line.count, " \"'".unicodeScalars.contains(line[rest]) { rest += 1 }
            let endsThere = rest == line.count || ",}]#".unicodeScalars.contains(line[rest])
            if isName(value), !isSuspect(value), endsThere { continue }
            for position in from..<max(from, line.count) { line[position] = "*" }
            return
        }
    }

    private static func isMixedRun(_ run: [UInt8]) -> Bool {
        guard run.count >= 20 else { return false }
        let digits = run.count { (48...57).contains($0) }
        let upper = run.count { (65...90).contains($0) }
        let lower = run.count - digits - upper
        guard Set(run).count >= 8 else { return false }
        return (digits >= 4 && upper + lower >= 4) || (upper >= 4 && lower >= 4 && digits >= 1)
    }

    private static func isUUID(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        guard let byte = UInt8(exactly: scalar.value) else { return false }
        return isAlphanumeric(byte) || [0x2B, 0x2F, 0x3D, 0x5F, 0x2E, 0x2D].contains(byte)
    }
}
