import Planning

/// Decides whose turn it is: holds the numbers that wait to send, and the limits of each account, the fleet and the
/// process.
///
/// It knows no records. The engine queues a number under a key, takes the next one, and reports how its request ended.
struct Dispatch: Sendable {
    /// The limits on requests other than those of the accounts.
    struct Permission: Sendable {
        /// True before a stop or an adoption: only requests that end an exposure are sent.
        var isOnlyUrgent: Bool
        /// The places of the exposure budget that are held.
        var places: HeldPlaces
        /// True when a cycle may start at all: not while stopping.
        var permitsCycles: Bool
    }

    /// The end of a request, as far as its account and the exposure budget are concerned.
    struct End: Sendable {
        let flight: Flight
        let number: PhoneNumber
        let outcome: Outcome
        let before: NumberRecord
        let after: NumberRecord

        /// True when a limit belongs to the token, whichever number met it.
        var limitsBelongToToken: Bool {
            flight.entry?.vendor.capabilities.limitsBelongToToken ?? false
        }
    }

    private let policy: Policy
    private var queue = WaitingQueue()
    /// The requests from the commit of their widening until they end.
    private var flights: [Int64: PhoneNumber] = [:]
    private var windows: [Account: RequestWindow]
    private var rates: [Account: RequestRate] = [:]
    private var breakers: [Account: CircuitBreaker] = [:]
    private var budget: ExposureBudget
    /// The accounts that refuse to disable, as reported so far.
    private var refusingDisable: Set<Account> = []
    /// The last report on each account whose requests a minute are used up, and its time.
    private var limited: [Account: (until: SteadyInstant?, reportedAt: SteadyInstant)] = [:]

    /// The minimum time between two reports on the requests a minute of one account.
    private static let limitReportInterval: Duration = .seconds(10)

    init(policy: Policy) {
        self.policy = policy
        windows = [:]
        budget = ExposureBudget(maximum: policy.maxExposed)
    }

    /// Adds the requests that an earlier process sent to `account` at these instants, because they count too.
    mutating func seed(_ account: Account, sent: [SteadyInstant]) {
        windows[account] = RequestWindow(sent: sent)
    }

    /// Sets the accounts that refuse to disable, as an earlier process found.
    mutating func expectDisableRefused(by accounts: Set<Account>) { refusingDisable = accounts }

    /// The count of requests under way.
    var flightCount: Int { flights.count }
    /// The count of numbers that may be exposed at present.
    var permittedExposure: Int { budget.permitted }

    private var concurrency: Int { min(policy.concurrency ?? Policy.concurrencyWhenLifted, Policy.maxConcurrency) }

    // MARK: The queue

    mutating func enqueue(_ key: WaitingKey) { queue.insert(key) }
    mutating func dequeue(_ key: WaitingKey) { queue.remove(key) }

    /// Removes and returns the next number whose account permits a request: by urgency, then by due instant.
    mutating func next(_ permission: Permission, now: SteadyInstant) -> WaitingKey? {
        guard flights.count < concurrency, queue.count > 0 else { return nil }
        guard let first = firstInTurn(permission, now: now) else { return nil }
        var key = first
        // Numbers that fail for reasons of their own must not be the only ones to probe their account.
        if let breaker = breakers[first.account], breaker.openSince != nil, breaker.hasFailed(first.number) {
            let other = turn(at: first.account, permission, now: now) { !breaker.hasFailed($0) }
            if let other, other.blockedUntil == nil { key = other.key }
        }
        queue.remove(key)
        return key
    }

    private func firstInTurn(_ permission: Permission, now: SteadyInstant) -> WaitingKey? {
        var first: WaitingKey?
        for account in queue.accounts where breakers[account]?.blockedUntil(now: now) == nil {
            guard let turn = turn(at: account, permission, now: now), turn.blockedUntil == nil else { continue }
            if first.map({ turn.key.goesBefore($0) }) ?? true { first = turn.key }
        }
        return first
    }

    /// The number whose turn it is at an account, and the time until which the rate limit blocks its request; nil for
    /// now.
    private struct Turn {
        let key: WaitingKey
        let blockedUntil: SteadyInstant?
    }

    /// Returns the turn at an account; nil when no number may send there before the next event.
    ///
    /// While the rate limit has no room for the number whose turn it is, the numbers behind it wait as well.
    /// Otherwise they would, request by request, keep a cycle from ever getting the room that it needs.
    private func turn(
        at account: Account, _ permission: Permission, now: SteadyInstant,
        where isMeant: ((PhoneNumber) -> Bool)? = nil
    ) -> Turn? {
        let mayStartCycle = mayStartCycle(permission, now: now)
        for urgency in Urgency.allCases where !permission.isOnlyUrgent || urgency <= .off {
            let keys = [false, true].filter { !$0 || mayStartCycle }.compactMap { startsCycle -> WaitingKey? in
                let line = WaitingKey.Line(urgency, startsCycle: startsCycle)
                guard let isMeant else { return queue.first(line, at: account) }
                return queue.first(line, at: account, where: isMeant)
            }
            for key in keys.sorted() {
                let until = limitedUntil(account, for: key.line, permission, now: now)
                if until != .distantFuture { return Turn(key: key, blockedUntil: until) }
            }
        }
        return nil
    }

    /// Returns whether a cycle may start.
    func mayStartCycle(_ permission: Permission, now: SteadyInstant) -> Bool {
        permission.permitsCycles && budget.permitsCycle(permission.places.all, now: now)
    }

    /// Returns whether a cycle may start at `account` now, with its rate limit taken into account.
    func mayStartCycle(_ permission: Permission, at account: Account, now: SteadyInstant) -> Bool {
        mayStartCycle(permission, now: now)
            && limitedUntil(
                account, for: WaitingKey.Line(.ordinary, startsCycle: true), permission, now: now) == nil
    }

    // MARK: Rate limits

    /// Returns the requests a minute that `account` permits at present; nil for any number.
    private func limit(at account: Account, now: SteadyInstant) -> Int? {
        rates[account].map { $0.permitted(limit: policy.requestsPerMinute, now: now) } ?? policy.requestsPerMinute
    }

    /// Returns the count of requests that the minute must have room for before one of `line` is sent: its own, the
    /// enable that follows a cycle's disable, and the enables of the open cycles at the account.
    ///
    /// An enable of a number that we have exposed needs room for itself alone: that room was reserved. Stuck numbers do
    /// not block the others when the limit is too small for all.
    private func needed(for line: WaitingKey.Line, at account: Account, _ places: HeldPlaces, limit: Int?) -> Int {
        guard line.urgency != .exposed else { return 1 }
        let held = places.at(account)
        let least = (line.startsCycle ? RequestRate.minPerMinute : 1) + held[.open]
        return min(least + held[.stuck], max(least, limit ?? .max))
    }

    /// Returns the time at which the rate limit of an account has room for a request of `line`: nil for now, the
    /// distant future for after an event.
    private func limitedUntil(
        _ account: Account, for line: WaitingKey.Line, _ permission: Permission, now: SteadyInstant
    ) -> SteadyInstant? {
        let limit = limit(at: account, now: now)
        let needed = needed(for: line, at: account, permission.places, limit: limit)
        guard let window = windows[account] else {
            return limit.map { needed > $0 } ?? false ? .distantFuture : nil
        }
        let until = window.blockedUntil(needed: needed, limit: limit, now: now)
        // A reduced rate recovers minute by minute.
        guard until == .distantFuture, limit != policy.requestsPerMinute else { return until }
        return now.advanced(by: RequestWindow.length)
    }

    /// Returns the earliest instant at which an account permits the request of a waiting number; nil when no account
    /// blocks one.
    func nextPermitted(_ permission: Permission, now: SteadyInstant) -> SteadyInstant? {
        guard flights.count < concurrency else { return nil }
        let cycles =
            permission.permitsCycles && !permission.isOnlyUrgent
            ? budget.heldUntil.flatMap { $0 > now ? $0 : nil } : nil
        let turns = queue.accounts.compactMap { account -> SteadyInstant? in
            guard let turn = turn(at: account, permission, now: now) else { return nil }
            return [turn.blockedUntil, breakers[account]?.blockedUntil(now: now)].compactMap(\.self).max()
        }
        return (turns + [queue.hasCycles ? cycles : nil].compactMap(\.self)).filter { $0 != .distantFuture }.min()
    }

    /// Returns the accounts whose numbers wait for the rate limit, when that has changed since the last report.
    mutating func limitReports(_ permission: Permission, at now: Moment) -> [GuardReport] {
        var reports: [(account: Account, until: Instant?)] = []
        let gone = limited.keys.filter { !queue.accounts.contains($0) }
        for account in queue.accounts + gone {
            let known = limited[account]
            if let known, known.reportedAt.duration(to: now.steady) < Self.limitReportInterval { continue }
            let isDown = breakers[account]?.openSince != nil
            let until = isDown ? nil : turn(at: account, permission, now: now.steady)?.blockedUntil
            guard until.map({ _ in known?.until.map { $0 <= now.steady } ?? true }) ?? (known?.until != nil) else {
                if until == nil { limited[account] = nil }
                continue
            }
            limited[account] = (until, now.steady)
            reports.append((account, until.map(now.wall(at:))))
        }
        return reports.sorted { $0.account.text < $1.account.text }.map {
            .endpointLimited($0.account, until: $0.until)
        }
    }

    /// Ends the hold on cycles after an operator's order, such as a pause of a number that cannot be enabled: cycles
    /// need no longer wait for other numbers to be enabled.
    mutating func endHold() { budget.endHold() }

    // MARK: Requests

    /// Records a request of `number` as under way, from the commit of its widening on.
    mutating func depart(_ changeID: Int64, number: PhoneNumber, to account: Account, now: SteadyInstant) {
        flights[changeID] = number
        windows[account, default: RequestWindow()].count(at: now)
        breakers[account]?.depart(changeID)
    }

    /// Records that a request was not sent, for reasons of our own.
    mutating func withdraw(_ flight: Flight, now: SteadyInstant) {
        flights[flight.changeID] = nil
        if let account = flight.account { breakers[account]?.withdraw(flight.changeID, now: now) }
    }

    /// Removes a request that has ended, and returns its number.
    mutating func finish(_ changeID: Int64) -> PhoneNumber? { flights.removeValue(forKey: changeID) }

    /// Updates the exposure budget and the account after the end of a request. `jitter`, uniform in 0..<1, is for the
    /// wait until the next probe.
    mutating func conclude(_ end: End, at now: Moment, jitter: Double) -> [GuardReport] {
        exposureReports(of: end, now: now.steady) + endpointReports(of: end, at: now, jitter: jitter)
            + disableReports(of: end)
    }

    /// Reports the first number that an account refuses to disable, and the first that it disables after all.
    private mutating func disableReports(of end: End) -> [GuardReport] {
        guard end.flight.effect == .off, !end.flight.isSuperseded, let account = end.flight.account else { return [] }
        if end.outcome.verdict == .accepted {
            return refusingDisable.remove(account) == nil ? [] : [.disableAccepted(account)]
        }
        guard end.after.impasse?.refusesDisable == true, refusingDisable.insert(account).inserted else { return [] }
        return [.disableRefused(account, end.number)]
    }

    /// Updates the exposure budget: it doubles after a clean cycle of ours, and collapses when the first enable of one
    /// is not accepted. A number that stays exposed continues to hold a place.
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

    /// Updates the account after an end that shows a limit, a failure or an answer.
    private mutating func endpointReports(of end: End, at now: Moment, jitter: Double) -> [GuardReport] {
        guard let account = end.flight.account else { return [] }
        let meansAccount =
            end.outcome.reason == .rateLimited
            ? rates[account, default: RequestRate()].recordLimited(
                end.number, limit: policy.requestsPerMinute, isOfAccount: end.limitsBelongToToken, now: now.steady)
            : end.outcome.httpStatus == 503
        if meansAccount, let delay = end.outcome.retryAfter {
            windows[account, default: RequestWindow()].wait(for: delay, from: now.steady)
        }
        var breaker = breakers[account] ?? CircuitBreaker()
        let since = breaker.openSince
        let change = breaker.record(
            end.outcome, of: end.flight.changeID, number: end.number, now: now.steady, policy: policy, jitter: jitter)
        breakers[account] = breaker
        switch change {
        case .none: return []
        case .opened: return [.endpointDown(account, end.outcome)]
        case .closed: return [.endpointUp(account, since: now.wall(at: since ?? now.steady))]
        }
    }
}
