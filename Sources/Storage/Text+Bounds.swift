extension String {
    /// At most `limit` characters of this text, with `…` in the place of what is left out.
    func bounded(to limit: Int) -> String {
        guard utf8.count > limit, count > limit else { return self }
        return String(prefix(limit - 1)) + "…"
    }

    /// The first line of this text, at most `limit` characters.
    func boundedLine(to limit: Int) -> String {
        let line = drop { $0.isNewline }.prefix { !$0.isNewline }
        return String(line).bounded(to: limit)
    }
}

/// How much text the store keeps of what others wrote.
enum TextLimit {
    /// Characters of a vendor's message, an error, or one line of an event.
    static let line = 1000
    /// Characters of the problems of a desired-state file.
    static let problem = 4000
}
