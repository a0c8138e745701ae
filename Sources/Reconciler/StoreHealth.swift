import Planning

/// Whether the store works. While it does not, nothing is sent, and it is tried again after 1 s, 2 s … 60 s.
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
    /// Failures in a row, until a commit succeeds.
    private var failures = 0

    var works: Bool { if case .works = state { true } else { false } }

    /// When it is tried again; nil while it works or is being tried.
    var retryAt: SteadyInstant? { if case .failed(let retryAt, _) = state { retryAt } else { nil } }

    /// Why an order cannot be carried out now; nil when it can.
    var refusal: String? {
        switch state {
        case .works: nil
        case .failed(_, let wall): "the store does not work, it is tried again at \(wall): repeat the order then"
        case .probing: "the store does not work, it is being tried again: repeat the order in a minute"
        }
    }

    /// The store failed.
    mutating func fail(_ message: String, at now: Moment) -> EngineReport? {
        // What was asked for before the failure became known says nothing new.
        if case .failed = state { return nil }
        failures = min(failures + 1, 7)
        let wait = min(Duration.seconds(1 << (failures - 1)), .seconds(60))
        let wall = now.wall.advanced(by: wait)
        state = .failed(retryAt: now.steady.advanced(by: wait), wall: wall)
        return .store(.failed(message, retryAt: wall))
    }

    /// Whether the store is to be tried now; then somebody does it.
    mutating func beginProbe(now: SteadyInstant) -> Bool {
        guard case .failed(let retryAt, _) = state, retryAt <= now else { return false }
        state = .probing
        return true
    }

    /// A commit is durable.
    mutating func commitSucceeded() -> EngineReport? {
        failures = 0
        return readSucceeded()
    }

    /// Reading works; whether writing does, the next commit shows.
    mutating func readSucceeded() -> EngineReport? {
        if case .works = state { return nil }
        state = .works
        return .store(.recovered)
    }

    /// The probe showed nothing: the store refused what it was asked for. It is tried again at once with something else.
    mutating func probeShowedNothing(at now: Moment) {
        if case .probing = state { state = .failed(retryAt: now.steady, wall: now.wall) }
    }
}
