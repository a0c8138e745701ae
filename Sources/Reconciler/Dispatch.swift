import Planning

/// Whose turn it is: the numbers that want to send, and what an endpoint, the fleet and the process permit.
///
/// It knows no records. The engine queues a number under a key, takes the next one, and says how its request ended.
struct Dispatch: Sendable {
    /// What permits a request beside the endpoints.
    struct Permission: Sendable {
        /// Only what brings exposed numbers back under protection goes out: before a stop or an adoption.
        var isOnlyUrgent: Bool
        /// The places of the exposure budget that are held.
        var places: HeldPlaces
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
    private var windows: [Endpoint: RequestWindow]
    private var rates: [Endpoint: RequestRate] = [:]
    private var breakers: [Endpoint: CircuitBreaker] = [:]
    private var budget: ExposureBudget
    /// What was reported about endpoints whose minute is used up, and when.
    private var limited: [Endpoint: (until: SteadyInstant?, reportedAt: SteadyInstant)] = [:]

    /// The shortest time between two reports about the minute of one endpoint.
    private static let limitReportInterval: Duration = .seconds(10)

    init(policy: Policy) {
        self.policy = policy
        windows = [:]
        budget = ExposureBudget(maximum: policy.maxExposed)
    }

    /// Requests that an earlier process sent to `endpoint` at these instants count too.
    mutating func seed(_ endpoint: Endpoint, sent: [SteadyInstant]) {
        windows[endpoint] = RequestWindow(sent: sent)
    }

    /// How many requests are under way.
    var flightCount: Int { flights.count }
    /// How many numbers may be exposed at once now.
    var permittedExposure: Int { budget.permitted }

    private var concurrency: Int { min(policy.concurrency ?? Policy.concurrencyWhenLifted, Policy.mostConcurrent) }

    // MARK: The queue

    mutating func enqueue(_ key: WaitingKey) { queue.insert(key) }
    mutating func dequeue(_ key: WaitingKey) { queue.remove(key) }

    /// Takes the next number whose endpoint permits a request: by urgency, then by due instant.
    mutating func next(_ permission: Permission, now: SteadyInstant) -> WaitingKey? {
        guard flights.count < concurrency, queue.count > 0 else { return nil }
        guard let first = firstInTurn(permission, now: now) else { return nil }
        var key = first
        // Numbers that fail for reasons of their own must not be the only ones to probe their endpoint.
        if let breaker = breakers[first.endpoint], breaker.openSince != nil, breaker.hasFailed(first.number) {
            let other = turn(at: first.endpoint, permission, now: now) { !breaker.hasFailed($0) }
            if let other, other.blockedUntil == nil { key = other.key }
        }
        queue.remove(key)
        return key
    }

    private func firstInTurn(_ permission: Permission, now: SteadyInstant) -> WaitingKey? {
        var first: WaitingKey?
        for endpoint in queue.endpoints where breakers[endpoint]?.blockedUntil(now: now) == nil {
            guard let turn = turn(at: endpoint, permission, now: now), turn.blockedUntil == nil else { continue }
            if first.map({ turn.key.goesBefore($0) }) ?? true { first = turn.key }
        }
        return first
    }

    /// Whose turn it is at an endpoint, and until when the minute has no room for its request: nil for now.
    private struct Turn {
        let key: WaitingKey
        let blockedUntil: SteadyInstant?
    }

    /// Whose turn it is at an endpoint; nil when nobody may go there until something happens.
    ///
    /// While the minute has no room for the one whose turn it is, those behind it wait as well: they would take the room
    /// that a cycle needs, request by request, for ever.
    private func turn(
        at endpoint: Endpoint, _ permission: Permission, now: SteadyInstant,
        where isMeant: ((PhoneNumber) -> Bool)? = nil
    ) -> Turn? {
        let mayStartCycle = mayStartCycle(permission, now: now)
        for urgency in Urgency.allCases where !permission.isOnlyUrgent || urgency <= .off {
            let keys = [false, true].filter { !$0 || mayStartCycle }.compactMap { startsCycle -> WaitingKey? in
                let line = WaitingKey.Line(urgency, startsCycle: startsCycle)
                guard let isMeant else { return queue.first(line, at: endpoint) }
                return queue.first(line, at: endpoint, where: isMeant)
            }
            for key in keys.sorted() {
                let until = limitedUntil(endpoint, for: key.line, permission, now: now)
                if until != .distantFuture { return Turn(key: key, blockedUntil: until) }
            }
        }
        return nil
    }

    /// Whether a cycle may start.
    func mayStartCycle(_ permission: Permission, now: SteadyInstant) -> Bool {
        permission.permitsCycles && budget.permitsCycle(permission.places.all, now: now)
    }

    /// Whether a cycle may start at `endpoint` now, with its minute taken into account.
    func mayStartCycle(_ permission: Permission, at endpoint: Endpoint, now: SteadyInstant) -> Bool {
        mayStartCycle(permission, now: now)
            && limitedUntil(
                endpoint, for: WaitingKey.Line(.ordinary, startsCycle: true), permission, now: now) == nil
    }

    // MARK: Room in the minute

    /// The requests a minute that `endpoint` gets just now; nil for any number.
    private func limit(at endpoint: Endpoint, now: SteadyInstant) -> Int? {
        rates[endpoint].map { $0.permitted(limit: policy.requestsPerMinute, now: now) } ?? policy.requestsPerMinute
    }

    /// How many requests the minute must have room for before one of `line` is sent: its own, the enable that follows a
    /// cycle's disable, and the enables of the open cycles at the endpoint.
    ///
    /// An enable of a number that we have exposed needs no more than its own: the room was kept for it. Numbers that are
    /// stuck do not keep the others from being sent where the limit is too small for all.
    private func needed(for line: WaitingKey.Line, at endpoint: Endpoint, _ places: HeldPlaces, limit: Int?) -> Int {
        guard line.urgency != .exposed else { return 1 }
        let held = places.at(endpoint)
        let least = (line.startsCycle ? RequestRate.least : 1) + held[.open]
        return min(least + held[.stuck], max(least, limit ?? .max))
    }

    /// When the minute of an endpoint has room for a request of `line`: nil for now, the distant future for after an event.
    private func limitedUntil(
        _ endpoint: Endpoint, for line: WaitingKey.Line, _ permission: Permission, now: SteadyInstant
    ) -> SteadyInstant? {
        let limit = limit(at: endpoint, now: now)
        let needed = needed(for: line, at: endpoint, permission.places, limit: limit)
        guard let window = windows[endpoint] else {
            return limit.map { needed > $0 } ?? false ? .distantFuture : nil
        }
        let until = window.blockedUntil(needed: needed, limit: limit, now: now)
        // A reduced rate recovers minute by minute.
        guard until == .distantFuture, limit != policy.requestsPerMinute else { return until }
        return now.advanced(by: RequestWindow.length)
    }

    /// The earliest instant at which an endpoint permits the request of a waiting number; nil when no endpoint is what
    /// blocks.
    func nextPermitted(_ permission: Permission, now: SteadyInstant) -> SteadyInstant? {
        guard flights.count < concurrency else { return nil }
        let cycles =
            permission.permitsCycles && !permission.isOnlyUrgent
            ? budget.heldUntil.flatMap { $0 > now ? $0 : nil } : nil
        let turns = queue.endpoints.compactMap { endpoint -> SteadyInstant? in
            guard let turn = turn(at: endpoint, permission, now: now) else { return nil }
            return [turn.blockedUntil, breakers[endpoint]?.blockedUntil(now: now)].compactMap(\.self).max()
        }
        return (turns + [queue.hasCycles ? cycles : nil].compactMap(\.self)).filter { $0 != .distantFuture }.min()
    }

    /// Which endpoints have numbers waiting for their minute, where that has changed since it was last reported.
    mutating func limitReports(_ permission: Permission, at now: Moment) -> [GuardReport] {
        var reports: [(endpoint: Endpoint, until: Instant?)] = []
        let gone = limited.keys.filter { !queue.endpoints.contains($0) }
        for endpoint in queue.endpoints + gone {
            let known = limited[endpoint]
            if let known, known.reportedAt.duration(to: now.steady) < Self.limitReportInterval { continue }
            let isDown = breakers[endpoint]?.openSince != nil
            let until = isDown ? nil : turn(at: endpoint, permission, now: now.steady)?.blockedUntil
            guard until.map({ _ in known?.until.map { $0 <= now.steady } ?? true }) ?? (known?.until != nil) else {
                if until == nil { limited[endpoint] = nil }
                continue
            }
            limited[endpoint] = (until, now.steady)
            reports.append((endpoint, until.map(now.wall(at:))))
        }
        return reports.sorted { $0.endpoint.text < $1.endpoint.text }.map {
            .endpointLimited($0.endpoint, until: $0.until)
        }
    }

    /// An operator ordered something, such as a pause of a number that cannot be enabled: cycles need not wait any longer
    /// for others to be enabled.
    mutating func endHold() { budget.endHold() }

    // MARK: Requests

    /// A request of `number` is on its way, from the commit of its widening on.
    mutating func depart(_ changeID: Int64, number: PhoneNumber, to endpoint: Endpoint, now: SteadyInstant) {
        flights[changeID] = number
        windows[endpoint, default: RequestWindow()].count(at: now)
        breakers[endpoint]?.depart(changeID)
    }

    /// A request was not sent after all, for reasons of our own.
    mutating func withdraw(_ flight: Flight, now: SteadyInstant) {
        flights[flight.changeID] = nil
        if let endpoint = flight.endpoint { breakers[endpoint]?.withdraw(flight.changeID, now: now) }
    }

    /// The number of a request that has ended.
    mutating func finish(_ changeID: Int64) -> PhoneNumber? { flights.removeValue(forKey: changeID) }

    /// Draws the conclusions of an end for the exposure budget and its endpoint. `jitter`, uniform in 0..<1, is for the
    /// wait until the next probe.
    mutating func conclude(_ end: End, at now: Moment, jitter: Double) -> [GuardReport] {
        exposureReports(of: end, now: now.steady) + endpointReports(of: end, at: now, jitter: jitter)
    }

    /// The exposure budget doubles after a clean cycle of ours and collapses when the first enable of one is not accepted.
    /// What follows for a number that stays exposed is that number's affair: it holds a place.
    private mutating func exposureReports(of end: End, now: SteadyInstant) -> [GuardReport] {
        guard end.flight.effect != .off, end.before.cycle?.isOurs == true else { return [] }
        var reports: [GuardReport] = []
        let (permitted, failures) = (budget.permitted, budget.failuresInARow)
        let isFirst = end.flight.before.attempts == 0
        if end.outcome.verdict == .accepted {
            if end.after.cycle == nil { budget.cycleEnded(isClean: isFirst) }
        } else if isFirst {
            budget.enableFailed(now: now)
            if failures == 0 { reports.append(.exposureReduced(end.number)) }
        }
        if budget.permitted != permitted { reports.append(.exposurePermitted(budget.permitted)) }
        return reports
    }

    /// What an end says about its endpoint: that it wants to be left alone, is down, or answers again.
    private mutating func endpointReports(of end: End, at now: Moment, jitter: Double) -> [GuardReport] {
        guard let endpoint = end.flight.endpoint else { return [] }
        let meansEndpoint =
            end.outcome.reason == .rateLimited
            ? rates[endpoint, default: RequestRate()].recordLimited(
                end.number, limit: policy.requestsPerMinute, now: now.steady)
            : end.outcome.httpStatus == 503
        if meansEndpoint, let delay = end.outcome.retryAfter {
            windows[endpoint, default: RequestWindow()].wait(for: delay, from: now.steady)
        }
        var breaker = breakers[endpoint] ?? CircuitBreaker()
        let since = breaker.openSince
        let change = breaker.note(
            end.outcome, of: end.flight.changeID, number: end.number, now: now.steady, policy: policy, jitter: jitter)
        breakers[endpoint] = breaker
        switch change {
        case .none: return []
        case .opened: return [.endpointDown(endpoint, end.outcome)]
        case .closed: return [.endpointUp(endpoint, since: now.wall(at: since ?? now.steady))]
        }
    }
}
