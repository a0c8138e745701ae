import Planning

/// An instant as the command line names it.
enum TimeBound {
    /// RFC 3339 (`2026-11-01T00:00:00Z`), a date for its first moment in UTC, or a period before `now` such as `7d`.
    static func read(_ text: String, option: String, now: Instant) throws -> Instant {
        if let instant = Instant(text) ?? Instant(text + "T00:00:00Z") { return instant }
        if let period = Duration(periodText: text) { return now.advanced(by: .zero - period) }
        throw Failure.usage(
            "\(option) is an instant such as 2026-11-01T00:00:00Z, a date, or how long ago, such as 7d or 12h: "
                + "not \"\(text)\"")
    }
}
