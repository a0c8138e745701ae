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
        case failed(retryAt: Instant)
        case probing(since: Instant)
    }

    private var state = State.works
    /// Failures in a row, until a commit succeeds.
    private var failures = 0

    var works: Bool { if case .works = state { true } else { false } }

    /// When it is tried again; nil while it works or is being tried.
    var retryAt: Instant? { if case .failed(let retryAt) = state { retryAt } else { nil } }

    /// Why an order cannot be carried out now; nil when it can.
    var refusal: String? {
        switch state {
        case .works: nil
        case .failed(let retryAt): "the store does not work, it is tried again at \(retryAt): repeat the order then"
        case .probing: "the store does not work, it is being tried again: repeat the order in a minute"
        }
    }

    /// The store failed.
    mutating func fail(_ message: String, now: Instant) -> EngineReport? {
        // What was asked for before the failure became known says nothing new.
        if case .failed = state { return nil }
        failures = min(failures + 1, 7)
        let retryAt = now.advanced(by: min(.seconds(1 << (failures - 1)), .seconds(60)))
        state = .failed(retryAt: retryAt)
        return .store(.failed(message, retryAt: retryAt))
    }

    /// Whether the store is to be tried now; then somebody does it.
    mutating func beginProbe(now: Instant) -> Bool {
        guard case .failed(let retryAt) = state, retryAt <= now else { return false }
        state = .probing(since: now)
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
    mutating func probeShowedNothing(now: Instant) {
        if case .probing = state { state = .failed(retryAt: now) }
    }
}
