import Planning

/// The observation of one observer's numbers, in figures.
struct ObserverTally: Hashable, Sendable {
    /// The count of numbers that the observer can observe.
    private(set) var numbers = 0
    /// The count of those that were not observed for longer than twice their `observe_every`, or never. Paused numbers
    /// are not observed, and not counted here.
    private(set) var unobserved = 0
    /// The count of numbers whose observer failed in its last answer.
    private(set) var failing = 0
    /// The oldest of the newest observations; nil for none.
    private(set) var oldest: Instant?

    /// Adds a number that can be observed.
    mutating func add(_ record: NumberRecord, isPaused: Bool, at now: Instant) {
        numbers += 1
        if !isPaused, record.isUnobserved(at: now) { unobserved += 1 }
        if record.observations.failure != nil { failing += 1 }
        guard let seenAt = record.observations.newest?.at else { return }
        oldest = min(oldest ?? seenAt, seenAt)
    }
}
