public import Planning

/// Instants as people say them, seen from `now`.
public struct RelativeTime: Sendable {
    public let now: Instant

    public init(now: Instant) { self.now = now }

    /// `3 h 5 min ago`, `in 2 d`, `now`.
    public func text(_ instant: Instant) -> String {
        let distance = now.duration(to: instant)
        if abs(distance.milliseconds) < 1000 { return "now" }
        return distance < .zero ? "\((.zero - distance).roughText) ago" : "in \(distance.roughText)"
    }

    /// The same, or `-` when there is none.
    public func text(_ instant: Instant?) -> String { instant.map { text($0) } ?? "-" }
}
