/// Notices an endpoint that is down, and lets one probe at a time find out when it is up again.
///
/// Without it every number of a fleet would try for itself, and an outage would be answered with a storm.
public struct CircuitBreaker: Hashable, Sendable {
    /// The failures in a row, without an answer from the endpoint in between, that open the breaker. As many different
    /// numbers in a row that are refused for the same reason open it too: the account or the address is refused.
    public static let threshold = 5

    /// What the breaker permits.
    public enum State: Hashable, Sendable {
        /// The endpoint answers, or has not failed often enough.
        case closed
        /// Nothing is sent before the instant; then one probe.
        case open(until: SteadyInstant)
        /// The probe with this change id is on its way; nothing else is sent.
        case probing(changeID: Int64)
    }

    public private(set) var state = State.closed
    /// Failures in a row.
    public private(set) var failures = 0
    /// Since when the endpoint is taken for down; nil while it is not.
    public private(set) var openSince: SteadyInstant?
    /// The number of the last failure: one number alone never opens the breaker, and the next probe is another's.
    public private(set) var lastFailed: PhoneNumber?
    private var hasSeveral = false
    /// Different numbers in a row that were refused for one reason that may be the account's.
    private var refused: Refused?

    private struct Refused: Hashable, Sendable {
        let reason: OutcomeReason
        var numbers: Set<PhoneNumber> = []
    }

    /// The most numbers that are remembered as refused.
    private static let mostRefused = 1024

    public init() {}

    /// The instant before which nothing may be sent: nil when a request is permitted at `now`, the distant future while
    /// a probe is on its way.
    public func blockedUntil(now: SteadyInstant) -> SteadyInstant? {
        switch state {
        case .closed: nil
        case .open(let until): until > now ? until : nil
        case .probing: .distantFuture
        }
    }

    /// Whether the number was among the last that failed: another one shows more about the endpoint.
    public func hasFailed(_ number: PhoneNumber) -> Bool {
        number == lastFailed || refused?.numbers.contains(number) ?? false
    }

    /// A request departs: while the endpoint is down it is the probe.
    public mutating func depart(_ changeID: Int64) {
        if case .open = state { state = .probing(changeID: changeID) }
    }

    /// A request that had departed was not sent after all.
    public mutating func withdraw(_ changeID: Int64, now: SteadyInstant) {
        if case .probing(changeID) = state { state = .open(until: now) }
    }

    /// Takes note of how a request ended. Answers of any kind close the breaker; an end that says nothing about the
    /// endpoint leaves it as it is. `jitter`, uniform in 0..<1, is for the wait until the next probe.
    ///
    /// - Returns: whether the breaker was opened or closed by it.
    public mutating func note(
        _ outcome: Outcome, of changeID: Int64, number: PhoneNumber, now: SteadyInstant, policy: Policy, jitter: Double
    ) -> Change {
        switch outcome.reason.saysOfEndpoint {
        case .up:
            let wasOpen = openSince != nil
            self = CircuitBreaker()
            return wasOpen ? .closed : .none
        case .nothing:
            withdraw(changeID, now: now)
            return .none
        case .refusesAccount:
            return recordRefusal(outcome.reason, of: changeID, number: number, now: now, policy: policy, jitter: jitter)
        case .down:
            refused = nil
            failures += 1
            hasSeveral = hasSeveral || lastFailed.map { $0 != number } ?? false
            lastFailed = number
            // Others that were on their way when it opened tell nothing new.
            if openSince != nil, state != .probing(changeID: changeID) { return .none }
            guard failures >= Self.threshold, hasSeveral else { return .none }
            return open(now: now, policy: policy, jitter: jitter)
        }
    }

    /// A refusal that may be the account's: the endpoint works, and sends it to everybody or to this number alone.
    private mutating func recordRefusal(
        _ reason: OutcomeReason, of changeID: Int64, number: PhoneNumber, now: SteadyInstant, policy: Policy,
        jitter: Double
    ) -> Change {
        var refused = refused?.reason == reason ? refused ?? Refused(reason: reason) : Refused(reason: reason)
        if refused.numbers.count < Self.mostRefused { refused.numbers.insert(number) }
        self.refused = refused
        lastFailed = number
        if openSince != nil, state != .probing(changeID: changeID) { return .none }
        guard refused.numbers.count >= Self.threshold else {
            // A probe that is refused for another reason than what opened it: the endpoint answers again.
            let wasOpen = openSince != nil
            self = CircuitBreaker()
            self.refused = refused
            lastFailed = number
            return wasOpen ? .closed : .none
        }
        failures = max(failures, Self.threshold - 1) + 1
        return open(now: now, policy: policy, jitter: jitter)
    }

    private mutating func open(now: SteadyInstant, policy: Policy, jitter: Double) -> Change {
        let isNew = openSince == nil
        openSince = openSince ?? now
        state = .open(until: now.advanced(by: probeDelay(policy: policy, jitter: jitter)))
        return isNew ? .opened : .none
    }

    /// What an end changed.
    public enum Change: Hashable, Sendable {
        case none
        case opened
        case closed
    }

    /// Half of the ceiling, and up to as much again by chance: probes of many daemons spread, and none comes at once.
    private func probeDelay(policy: Policy, jitter: Double) -> Duration {
        let ceiling = RetrySchedule.ceiling(
            attempts: failures - Self.threshold + 1, minimum: policy.backoffMin,
            maximum: min(policy.backoffMaxExposed, policy.backoffMax)
        )
        let half = ceiling.milliseconds / 2
        return .milliseconds(half + Int64(Double(half) * jitter))
    }
}

/// What the end of a request says about its endpoint as a whole.
public enum EndpointWord: Hashable, Sendable {
    /// It works: it gave an answer of its own, whatever that was.
    case up
    /// It answers, and refuses this number, or the account or address that all numbers share.
    case refusesAccount
    /// It does not.
    case down
    /// Neither: the request was not about the endpoint.
    case nothing
}
