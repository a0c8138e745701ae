import Planning

/// Whose turn it is: the numbers that want to send, and what an endpoint, the fleet and the process permit.
///
/// It knows no records. The engine queues a number under a key, takes the next one, and says how its request ended.
struct Dispatch: Sendable {
    /// What permits a request beside the endpoints.
    struct Permission: Sendable {
        /// Only what brings exposed numbers back under protection goes out: before a stop or an adoption.
        var isOnlyUrgent: Bool
        /// How many numbers hold a place of the exposure budget.
        var places: Int
        /// Whether a cycle may start at all: not while stopping.
        var permitsCycles: Bool
    }

    /// The end of a request, as far as its endpoint and the exposure budget are concerned.
    struct End: Sendable {
        let flight: Flight
        let number: PhoneNumber
        let outcome: Outcome
        let before: NumberRecord
        let after: NumberRecord
    }

    private let policy: Policy
    private var queue = WaitingQueue()
    /// Requests from the moment their widening is asked for until they end.
    private var flights: [Int64: PhoneNumber] = [:]
    private var windows: [Endpoint: RequestWindow] = [:]
    private var breakers: [Endpoint: CircuitBreaker] = [:]
    private var budget: ExposureBudget

    init(policy: Policy) {
        self.policy = policy
        budget = ExposureBudget(maximum: policy.maxExposed)
    }

    /// How many numbers wait for their turn.
    var waitingCount: Int { queue.count }
    /// How many requests are under way.
    var flightCount: Int { flights.count }
    /// How many numbers may be exposed at once now.
    var permittedExposure: Int { budget.permitted }

    private var concurrency: Int { min(policy.concurrency ?? Policy.concurrencyWhenLifted, Policy.mostConcurrent) }

    // MARK: The queue

    mutating func enqueue(_ key: WaitingKey) { queue.insert(key) }
    mutating func dequeue(_ key: WaitingKey) { queue.remove(key) }

    /// Takes the next number whose endpoint permits a request: exposed ones first, then by due instant.
    mutating func next(_ permission: Permission, now: Instant) -> WaitingKey? {
        guard flights.count < concurrency, queue.count > 0 else { return nil }
        let free = queue.endpoints.filter { blockedUntil($0, now: now) == nil }
        guard let first = firstInTurn(permission, { line in free.compactMap { queue.first(line, at: $0) }.min() })
        else { return nil }
        var key = first
        // A number that fails for reasons of its own must not be the only one to probe its endpoint.
        if let breaker = breakers[first.endpoint], breaker.openSince != nil, breaker.lastFailed == first.number {
            key = firstInTurn(permission) { queue.first($0, at: first.endpoint, otherThan: first.number) } ?? first
        }
        queue.remove(key)
        return key
    }

    /// Whether a cycle may start.
    func mayStartCycle(_ permission: Permission) -> Bool {
        permission.permitsCycles && budget.permitsCycle(exposed: permission.places)
    }

    /// The one whose turn it is, when `head` gives the first of each line.
    private func firstInTurn(_ permission: Permission, _ head: (WaitingKey.Line) -> WaitingKey?) -> WaitingKey? {
        if let urgent = head(.exposed) { return urgent }
        guard !permission.isOnlyUrgent else { return nil }
        let ordinary = head(.ordinary)
        let cycle = mayStartCycle(permission) ? head(.cycle) : nil
        guard let ordinary, let cycle else { return ordinary ?? cycle }
        return min(ordinary, cycle)
    }

    /// The earliest instant at which an endpoint permits the request of a waiting number; nil when no endpoint is what
    /// blocks.
    func nextPermitted(_ permission: Permission, now: Instant) -> Instant? {
        guard flights.count < concurrency else { return nil }
        let lines: [WaitingKey.Line] =
            permission.isOnlyUrgent
            ? [.exposed] : mayStartCycle(permission) ? [.exposed, .ordinary, .cycle] : [.exposed, .ordinary]
        return queue.endpoints.compactMap { endpoint in
            guard lines.contains(where: { queue.first($0, at: endpoint) != nil }),
                let until = blockedUntil(endpoint, now: now), until != .distantFuture
            else { return nil }
            return until
        }.min()
    }

    /// When an endpoint permits a request: nil for now, the distant future for after an event.
    private func blockedUntil(_ endpoint: Endpoint, now: Instant) -> Instant? {
        let limited = windows[endpoint]?.blockedUntil(limit: policy.requestsPerMinute, now: now)
        let down = breakers[endpoint]?.blockedUntil(now: now)
        guard let limited, let down else { return limited ?? down }
        return max(limited, down)
    }

    // MARK: Requests

    /// A request of `number` is on its way, from the commit of its widening on.
    mutating func depart(_ changeID: Int64, number: PhoneNumber, to endpoint: Endpoint, now: Instant) {
        flights[changeID] = number
        windows[endpoint, default: RequestWindow()].count(at: now, limit: policy.requestsPerMinute)
        breakers[endpoint]?.depart(changeID)
    }

    /// A request was not sent after all, for reasons of our own.
    mutating func withdraw(_ flight: Flight, now: Instant) {
        flights[flight.changeID] = nil
        if let endpoint = flight.endpoint { breakers[endpoint]?.withdraw(flight.changeID, now: now) }
    }

    /// The number of a request that has ended.
    mutating func finish(_ changeID: Int64) -> PhoneNumber? { flights.removeValue(forKey: changeID) }

    /// Draws the conclusions of an end for the exposure budget and its endpoint. `jitter`, uniform in 0..<1, is for the
    /// wait until the next probe.
    mutating func conclude(_ end: End, now: Instant, jitter: Double) -> [GuardReport] {
        exposureReports(of: end) + endpointReports(of: end, now: now, jitter: jitter)
    }

    /// The exposure budget doubles after a clean cycle and collapses when an enable is not accepted at once.
    private mutating func exposureReports(of end: End) -> [GuardReport] {
        guard end.flight.effect != .off, end.before.cycle != nil else { return [] }
        var reports: [GuardReport] = []
        let permitted = budget.permitted
        if end.outcome.verdict != .accepted {
            budget.enableFailed()
            if end.flight.before.attempts == 0 || permitted > 1 { reports.append(.exposureReduced(end.number)) }
        } else if end.after.cycle == nil, end.flight.before.attempts == 0 {
            budget.cycleWasClean()
        }
        if budget.permitted != permitted { reports.append(.exposurePermitted(budget.permitted)) }
        return reports
    }

    /// What an end says about its endpoint: that it wants to be left alone, is down, or answers again.
    private mutating func endpointReports(of end: End, now: Instant, jitter: Double) -> [GuardReport] {
        guard let endpoint = end.flight.endpoint else { return [] }
        if end.outcome.reason == .rateLimited || end.outcome.httpStatus == 503, let delay = end.outcome.retryAfter {
            windows[endpoint, default: RequestWindow()].wait(for: delay, from: now)
        }
        var breaker = breakers[endpoint] ?? CircuitBreaker()
        let since = breaker.openSince
        let change = breaker.note(
            end.outcome, of: end.flight.changeID, number: end.number, now: now, policy: policy, jitter: jitter)
        breakers[endpoint] = breaker
        switch change {
        case .none: return []
        case .opened: return [.endpointDown(endpoint, end.outcome)]
        case .closed: return [.endpointUp(endpoint, since: since ?? now)]
        }
    }
}
