/// Detects an endpoint that is down, and lets one probe at a time find out when it is up again.
///
/// Without it every number of a fleet would retry for itself, and an outage would cause a storm of requests.
public struct CircuitBreaker: Hashable, Sendable {
    /// The failures in a row, without an answer from the endpoint in between, that open the breaker. As many different
    /// numbers in a row that are refused for the same reason open it too, because the endpoint then refuses the account
    /// or the address.
    public static let threshold = 5

    /// The requests that the breaker permits.
    public enum State: Hashable, Sendable {
        /// The endpoint answers, or has not failed often enough.
        case closed
        /// Nothing is sent before the instant; then one probe is.
        case open(until: SteadyInstant)
        /// The probe with this change ID is in flight; nothing else is sent.
        case probing(changeID: Int64)
    }

    public private(set) var state = State.closed
    /// Failures in a row.
    public private(set) var failures = 0
    /// The time since which the endpoint counts as down; nil while it is up.
    public private(set) var openSince: SteadyInstant?
    /// The number of the last failure. One number alone never opens the breaker, and the next probe is for another
    /// number.
    public private(set) var lastFailed: PhoneNumber?
    private var hasSeveral = false
    /// The different numbers in a row that were refused for one reason that may concern the whole account.
    private var refused: Refused?

    private struct Refused: Hashable, Sendable {
        let reason: OutcomeReason
        var numbers: Set<PhoneNumber> = []
    }

    /// The maximum count of refused numbers to remember.
    private static let maxRefused = 1024

    public init() {}

    /// Returns the instant before which nothing may be sent: nil when a request is permitted at `now`, the distant
    /// future while a probe is in flight.
    public func blockedUntil(now: SteadyInstant) -> SteadyInstant? {
        switch state {
        case .closed: nil
        case .open(let until): until > now ? until : nil
        case .probing: .distantFuture
        }
    }

    /// Returns whether the number was among the last that failed. A request for another number shows more about the
    /// endpoint.
    public func hasFailed(_ number: PhoneNumber) -> Bool {
        number == lastFailed || refused?.numbers.contains(number) ?? false
    }

    /// Records that a request departs. While the endpoint is down, this request is the probe.
    public mutating func depart(_ changeID: Int64) {
        if case .open = state { state = .probing(changeID: changeID) }
    }

    /// Records that a request that had departed was not sent after all.
    public mutating func withdraw(_ changeID: Int64, now: SteadyInstant) {
        if case .probing(changeID) = state { state = .open(until: now) }
    }

    /// Records how a request ended. An answer that shows a working endpoint closes the breaker, failures and refusals
    /// of several numbers open it, and an end that proves nothing about the endpoint leaves it as it is. `jitter`,
    /// uniform in 0..<1, is for the wait until the next probe.
    ///
    /// - Returns: whether this opened or closed the breaker.
    public mutating func record(
        _ outcome: Outcome, of changeID: Int64, number: PhoneNumber, now: SteadyInstant, policy: Policy, jitter: Double
    ) -> Change {
        switch outcome.reason.endpointSignal {
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
            // Requests that were in flight when the breaker opened prove nothing new.
            if openSince != nil, state != .probing(changeID: changeID) { return .none }
            guard failures >= Self.threshold, hasSeveral else { return .none }
            return open(now: now, policy: policy, jitter: jitter)
        }
    }

    /// Records a refusal that may concern the account: the endpoint works, and refuses every number or this one alone.
    private mutating func recordRefusal(
        _ reason: OutcomeReason, of changeID: Int64, number: PhoneNumber, now: SteadyInstant, policy: Policy,
        jitter: Double
    ) -> Change {
        var refused = refused?.reason == reason ? refused ?? Refused(reason: reason) : Refused(reason: reason)
        if refused.numbers.count < Self.maxRefused { refused.numbers.insert(number) }
        self.refused = refused
        lastFailed = number
        if openSince != nil, state != .probing(changeID: changeID) { return .none }
        guard refused.numbers.count >= Self.threshold else {
            // A probe refused for another reason than the one that opened the breaker: the endpoint answers again.
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

    /// The change that the end of a request makes to the breaker.
    public enum Change: Hashable, Sendable {
        case none
        case opened
        case closed
    }

    /// Returns half of the ceiling plus a random share of the other half, so that probes of many daemons spread and
    /// none comes at once.
    private func probeDelay(policy: Policy, jitter: Double) -> Duration {
        let ceiling = RetrySchedule.ceiling(
            attempts: failures - Self.threshold + 1, minimum: policy.backoffMin,
            maximum: min(policy.backoffMaxExposed, policy.backoffMax)
        )
        let half = ceiling.milliseconds / 2
        return .milliseconds(half + Int64(Double(half) * jitter))
    }
}

/// The conclusion that the end of a request permits about its endpoint as a whole.
public enum EndpointSignal: Hashable, Sendable {
    /// The endpoint works: it gave an answer of its own, whatever that was.
    case up
    /// The endpoint answers, and refuses this number, or the account or address that all numbers share.
    case refusesAccount
    /// The endpoint does not work.
    case down
    /// No conclusion: the failure was not the endpoint's.
    case nothing
}
