/// Recognizes hosts that never leave this machine.
public enum LoopbackHost {
    /// Returns whether `host` is `localhost`, an address in 127.0.0.0/8 in full dotted form, or `::1`.
    ///
    /// - Parameter host: a host as written in a URL or a listening address; an IPv6 address may be in brackets.
    public static func contains(_ host: String) -> Bool {
        let host = host.lowercased()
        if host == "localhost" || host == "::1" || host == "[::1]" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127" else { return false }
        return parts.allSatisfy { part in
            (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (48...57).contains($0) }
                && (Int(part) ?? 256) < 256 && (part == "0" || part.first != "0")
        }
    }
}
