import Planning

/// Whose turn it is, and what its request takes with it.
extension Engine {
    private var concurrency: Int {
        min(policy.concurrency ?? Policy.concurrencyWhenLifted, Policy.mostConcurrent)
    }

    private var mayDispatch: Bool {
        adopting == nil && storeFailure == nil && flights.count < concurrency
    }

    /// Whether only what brings exposed numbers back under protection goes out: before a stop or an adoption.
    private var isOnlyUrgent: Bool { stopDeadline != nil || pendingAdoption != nil }

    private var mayStartCycle: Bool {
        stopDeadline == nil && budget.permitsCycle(exposed: openCycles.count)
    }

    /// Sends as many requests on their way as the limits permit.
    mutating func dispatch(now: Instant, random: inout some RandomNumberGenerator) {
        while mayDispatch, let key = nextInTurn(now: now) {
            waiting.remove(key)
            depart(key.number, now: now, random: &random)
        }
    }

    /// The next number whose endpoint permits a request: exposed ones first, then by due instant.
    private func nextInTurn(now: Instant) -> WaitingKey? {
        guard waiting.count > 0 else { return nil }
        let free = waiting.endpoints.filter { blockedUntil($0, now: now) == nil }
        guard let first = firstInTurn({ line in free.compactMap { waiting.first(line, at: $0) }.min() }) else {
            return nil
        }
        // A number that fails for reasons of its own must not be the only one to find out about its endpoint.
        guard let breaker = breakers[first.endpoint], breaker.openSince != nil, breaker.lastFailed == first.number
        else { return first }
        return firstInTurn { waiting.first($0, at: first.endpoint, otherThan: first.number) } ?? first
    }

    /// The one whose turn it is, when `head` gives the first of each line.
    private func firstInTurn(_ head: (WaitingKey.Line) -> WaitingKey?) -> WaitingKey? {
        if let urgent = head(.exposed) { return urgent }
        guard !isOnlyUrgent else { return nil }
        let ordinary = head(.ordinary)
        let cycle = mayStartCycle ? head(.cycle) : nil
        guard let ordinary, let cycle else { return ordinary ?? cycle }
        return min(ordinary, cycle)
    }

    /// When an endpoint lets a request go: nil for now, the distant future for after an event.
    private func blockedUntil(_ endpoint: Endpoint, now: Instant) -> Instant? {
        let limited = windows[endpoint]?.blockedUntil(limit: policy.requestsPerMinute, now: now)
        let down = breakers[endpoint]?.blockedUntil(now: now)
        guard let limited, let down else { return limited ?? down }
        return max(limited, down)
    }

    /// The earliest instant at which an endpoint lets a waiting number go; nil when no endpoint is what blocks.
    func nextPermittedSend(now: Instant) -> Instant? {
        guard mayDispatch else { return nil }
        let lines: [WaitingKey.Line] =
            isOnlyUrgent ? [.exposed] : mayStartCycle ? [.exposed, .ordinary, .cycle] : [.exposed, .ordinary]
        return waiting.endpoints.compactMap { endpoint in
            guard lines.contains(where: { waiting.first($0, at: endpoint) != nil }),
                let until = blockedUntil(endpoint, now: now), until != .distantFuture
            else { return nil }
            return until
        }.min()
    }

    /// Plans a number whose turn has come once more, and asks for the commit that must precede its request.
    private mutating func depart(_ number: PhoneNumber, now: Instant, random: inout some RandomNumberGenerator) {
        guard var entry = active[number] else { return }
        guard case .send(let request, let reason) = decide(entry.record, now: now),
            let desired = entry.record.desired, !request.startsCycle || mayStartCycle
        else {
            plan(number, now: now)
            return
        }
        let departure = entry.record.departing(
            with: request, because: reason, changeID: nextChangeID, now: now, random: &random
        )
        nextChangeID += 1
        windows[desired.endpoint, default: RequestWindow()].count(at: now, limit: policy.requestsPerMinute)
        breakers[desired.endpoint]?.depart(departure.flight.changeID)
        entry.record = departure.record
        entry.record.dueAt = now
        let touched = entry.record.generationsTouched(since: entry.saved)
            .filter { $0 != departure.newGeneration?.generation }
        let change = changeEntry(of: departure.flight, number: number)
        let id = commit(
            entry.unsaved + [
                .save(entry.record, newGeneration: departure.newGeneration, touched: touched), .openChange(change),
            ], for: number)
        entry.noteSubmitted()
        entry.stage = .committing(id, departure.flight, newGeneration: departure.newGeneration)
        active[number] = entry
        flights[departure.flight.changeID] = number
        noteCycle(of: number)
    }

    /// Asks for a request whose record is durable.
    mutating func send(_ flight: Flight, _ record: NumberRecord, as desired: DesiredNumber) {
        let content: VendorCall.Content
        switch flight.effect {
        case .off: content = .disable
        case .on(let generation):
            guard let pin = record.generation(generation)?.pin else {
                preconditionFailure("an enable's generation is in its record")
            }
            content = .enable(pin)
        }
        actions.append(.report(.requestSent(changeEntry(of: flight, number: record.number))))
        actions.append(
            .send(
                VendorCall(
                    changeID: flight.changeID, number: record.number, endpoint: desired.endpoint,
                    tokenName: desired.tokenName, content: content
                )))
    }

    func changeEntry(of flight: Flight, number: PhoneNumber) -> ChangeEntry {
        ChangeEntry(
            id: flight.changeID, number: number, action: flight.effect.action, reason: flight.reason,
            generation: flight.effect.generation, sentAt: flight.sentAt
        )
    }
}
