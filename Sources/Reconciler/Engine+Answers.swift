import Planning

/// What an answer, or the lack of one, changes.
extension Engine {
    /// A request ended: the belief is narrowed as far as the outcome proves, and the number planned again.
    ///
    /// - Parameter wasWithdrawn: whether we did not send it, for reasons of our own.
    mutating func arrive(
        _ changeID: Int64, _ outcome: Outcome, wasWithdrawn: Bool = false, now: Instant,
        random: inout some RandomNumberGenerator
    ) {
        guard let number = flights.removeValue(forKey: changeID), var entry = active[number],
            case .inFlight(let flight) = entry.stage
        else { preconditionFailure("an answer belongs to a request in flight") }
        let before = entry.record
        entry.record = before.arriving(
            from: flight, with: outcome, now: now, policy: policy, jitter: Double.random(in: 0..<1, using: &random)
        )
        entry.record.dueAt = now
        entry.unsaved = [.closeChange(id: changeID, answeredAt: now, outcome: outcome)]
        active[number] = entry
        noteCycle(of: number)
        noteBudget(flight, outcome, before: before, after: entry.record)
        if let endpoint = flight.endpoint {
            let jitter = Double.random(in: 0..<1, using: &random)
            if wasWithdrawn {
                breakers[endpoint]?.withdraw(changeID, now: now)
            } else {
                noteEndpoint(endpoint, outcome, of: flight, number: number, now: now, jitter: jitter)
            }
        }
        var change = changeEntry(of: flight, number: number)
        change.answeredAt = now
        change.outcome = outcome
        actions.append(.report(.requestEnded(change, entry.record)))
        plan(number, now: now)
    }

    /// The exposure budget doubles after a clean cycle and collapses when an enable is not accepted at once.
    private mutating func noteBudget(_ flight: Flight, _ outcome: Outcome, before: NumberRecord, after: NumberRecord) {
        guard flight.effect != .off, before.cycle != nil else { return }
        let permitted = budget.permitted
        if outcome.verdict != .accepted {
            budget.enableFailed()
            if flight.before.attempts == 0 || permitted > 1 {
                actions.append(.report(.exposureReduced(before.number)))
            }
        } else if after.cycle == nil, flight.before.attempts == 0 {
            budget.cycleWasClean()
        }
        if budget.permitted != permitted { actions.append(.report(.exposurePermitted(budget.permitted))) }
    }

    /// What an end says about its endpoint: a wish to be left alone, or that it is down or up again.
    private mutating func noteEndpoint(
        _ endpoint: Endpoint, _ outcome: Outcome, of flight: Flight, number: PhoneNumber, now: Instant, jitter: Double
    ) {
        if outcome.reason == .rateLimited || outcome.httpStatus == 503, let delay = outcome.retryAfter {
            windows[endpoint, default: RequestWindow()].wait(for: delay, from: now)
        }
        var breaker = breakers[endpoint] ?? CircuitBreaker()
        let since = breaker.openSince
        let change = breaker.note(
            outcome, of: flight.changeID, number: number, now: now, policy: policy, jitter: jitter)
        breakers[endpoint] = breaker
        switch change {
        case .none: break
        case .opened: actions.append(.report(.endpointDown(endpoint, outcome)))
        case .closed: actions.append(.report(.endpointUp(endpoint, since: since ?? now)))
        }
    }
}
