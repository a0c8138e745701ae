public import Planning

/// Instants in relative form, as seen from `now`.
public struct RelativeTime: Sendable {
    public let now: Instant
    /// True when instants are written as dates and times instead.
    public let isAbsolute: Bool

    public init(now: Instant, isAbsolute: Bool = false) {
        self.now = now
        self.isAbsolute = isAbsolute
    }

    /// Returns `3 h 5 min ago`, `in 2 d`, `now`; or `2026-11-01T00:00:00Z`.
    public func text(_ instant: Instant) -> String {
        guard !isAbsolute else { return instant.textToTheSecond }
        let distance = now.duration(to: instant)
        if abs(distance.milliseconds) < 1000 { return "now" }
        return distance < .zero ? "\((.zero - distance).roughText) ago" : "in \(distance.roughText)"
    }

    /// Returns the same, or `-` for nil.
    public func text(_ instant: Instant?) -> String { instant.map { text($0) } ?? "-" }

    /// Returns the instant as the end of a sentence about an event at that time: `in 2 d`, `now`, `at
    /// 2026-11-01T00:00:00Z`.
    public func phrase(_ instant: Instant) -> String { isAbsolute ? "at \(text(instant))" : text(instant) }

    /// Returns both forms: `in 2 d (2026-11-01T00:00:00Z)`.
    public func full(_ instant: Instant) -> String {
        let absolute = instant.textToTheSecond
        return isAbsolute ? absolute : "\(text(instant)) (\(absolute))"
    }

    /// Returns the time since an instant: `for 40 s`, or `since 2026-11-01T00:00:00Z`.
    public func length(since instant: Instant) -> String {
        guard !isAbsolute else { return "since \(text(instant))" }
        let length = instant.duration(to: now)
        return length < .seconds(1) ? "for less than a second" : "for \(length.roughText)"
    }
}

extension Instant {
    /// UTC ISO 8601 to the second, which the options that take an instant read again.
    public var textToTheSecond: String { String(description.prefix(19)) + "Z" }
}
