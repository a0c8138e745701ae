extension String {
    /// Returns at most `limit` characters of this text, with `…` in place of the rest.
    func bounded(to limit: Int) -> String {
        guard utf8.count > limit, count > limit else { return self }
        return String(prefix(limit - 1)) + "…"
    }

    /// Returns the first line of this text, at most `limit` characters.
    func boundedLine(to limit: Int) -> String {
        let line = drop { $0.isNewline }.prefix { !$0.isNewline }
        return String(line).bounded(to: limit)
    }
}

/// The limits on text from outside that the store keeps.
enum TextLimit {
    /// The characters of a vendor's message, an error, or one line of an event.
    static let line = 1000
    /// The characters of the problems of a desired-state file.
    static let problem = 4000
}
