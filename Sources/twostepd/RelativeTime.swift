import Planning

/// Instants as people say them, seen from `now`.
struct RelativeTime {
    let now: Instant

    /// `3 h 5 min ago`, `in 2 d`, `now`.
    func text(_ instant: Instant) -> String {
        let distance = now.duration(to: instant)
        if abs(distance.milliseconds) < 1000 { return "now" }
        return distance < .zero ? "\((.zero - distance).roughText) ago" : "in \(distance.roughText)"
    }

    /// The same, or `-` when there is none.
    func text(_ instant: Instant?) -> String { instant.map { text($0) } ?? "-" }
}
