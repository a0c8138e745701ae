import Planning

/// The health of the store. While it fails, nothing is sent, and it is retried after 1 s, 2 s … 60 s.
///
/// Valid transitions are:
///
///     works -> failed                 a commit, a load or an adoption failed
///     failed -> probing               the wait is over: one commit or one load tries it
///     probing -> works | failed       it succeeded, or failed again
struct StoreHealth: Sendable {
    private enum State: Sendable {
        case works
        case failed(retryAt: SteadyInstant, wall: Instant)
        case probing
    }

    private var state = State.works
    /// The count of failures in a row, until a commit succeeds.
    private var failures = 0

    var works: Bool { if case .works = state { true } else { false } }

    /// The time of the next retry; nil while the store works or is being probed.
    var retryAt: SteadyInstant? { if case .failed(let retryAt, _) = state { retryAt } else { nil } }

    /// The reason why an order cannot be carried out now; nil when it can.
    var refusal: String? {
        switch state {
        case .works: nil
        case .failed(_, let wall): "the store is failing, and is retried at \(wall): repeat the order then"
        case .probing: "the store is failing, and is being retried: repeat the order in a minute"
        }
    }

    /// Records a failure of the store.
    mutating func fail(_ message: String, at now: Moment) -> EngineReport? {
        // Requests from before the failure became known prove nothing new.
        if case .failed = state { return nil }
        failures = min(failures + 1, 7)
        let wait = min(Duration.seconds(1 << (failures - 1)), .seconds(60))
        let wall = now.wall.advanced(by: wait)
        state = .failed(retryAt: now.steady.advanced(by: wait), wall: wall)
        return .store(.failed(message, retryAt: wall))
    }

    /// Returns whether the caller has to probe the store now.
    mutating func beginProbe(now: SteadyInstant) -> Bool {
        guard case .failed(let retryAt, _) = state, retryAt <= now else { return false }
        state = .probing
        return true
    }

    /// Records that a commit is durable.
    mutating func commitSucceeded() -> EngineReport? {
        failures = 0
        return readSucceeded()
    }

    /// Records that reading works. The next commit shows whether writing does.
    mutating func readSucceeded() -> EngineReport? {
        if case .works = state { return nil }
        state = .works
        return .store(.recovered)
    }

    /// Records a probe without a result, because the store refused its content. Another probe follows at once.
    mutating func probeShowedNothing(at now: Moment) {
        if case .probing = state { state = .failed(retryAt: now.steady, wall: now.wall) }
    }
}
