import Planning

/// What an answer, or the lack of one, changes.
extension Engine {
    /// A request ended: the belief is narrowed as far as the outcome proves, and the number planned again.
    mutating func arrive(
        _ changeID: Int64, _ outcome: Outcome, now: Instant, random: inout some RandomNumberGenerator
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
        if outcome.reason == .rateLimited, let endpoint = before.desired?.endpoint, let delay = outcome.retryAfter {
            windows[endpoint, default: RequestWindow()].wait(for: delay, from: now)
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
        if outcome.verdict != .accepted {
            budget.enableFailed()
        } else if after.cycle == nil, flight.before.attempts == 0 {
            budget.cycleWasClean()
        }
    }
}
