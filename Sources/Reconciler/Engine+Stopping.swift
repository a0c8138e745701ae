import Planning

/// The clean stop: what is begun is brought to an end, as far as the grace period goes.
extension Engine {
    /// Comes to rest when nothing is under way and nobody is exposed, or when the grace period is over.
    mutating func stopIfDone(now: Instant) {
        guard let stopDeadline else { return }
        let exposed = active.exposed
        let isQuiet =
            flights.isEmpty && commits.isEmpty && orders.isEmpty && adopting == nil && stuck.isEmpty && exposed.isEmpty
        guard isQuiet || now >= stopDeadline else { return }
        isStopped = true
        actions.append(.armTimer(nil))
        actions.append(.report(.stopped(exposed: exposed, unanswered: flights.count)))
    }
}
