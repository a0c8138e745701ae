import Planning

/// Whose turn it is, and what its request takes with it.
extension Engine {
    private var concurrency: Int {
        min(policy.concurrency ?? Self.maxConcurrency, Self.maxConcurrency)
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
        guard let first = firstInTurn(now: now, where: { _ in true }) else { return nil }
        // A number that fails for reasons of its own must not be the only one to find out about its endpoint.
        guard let endpoint = active[first.number]?.record.desired?.endpoint, let breaker = breakers[endpoint],
            breaker.openSince != nil, breaker.lastFailed == first.number
        else { return first }
        return firstInTurn(now: now) { key in
            key.number != first.number && active[key.number]?.record.desired?.endpoint == endpoint
        } ?? first
    }

    private func firstInTurn(now: Instant, where isWanted: (WaitingKey) -> Bool) -> WaitingKey? {
        let isFree: (WaitingKey) -> Bool = { isWanted($0) && blockedUntil($0.number, now: now) == nil }
        if let urgent = waiting.line(.exposed).first(where: isFree) { return urgent }
        guard !isOnlyUrgent else { return nil }
        let ordinary = waiting.line(.ordinary).first(where: isFree)
        let cycle = mayStartCycle ? waiting.line(.cycle).first(where: isFree) : nil
        guard let ordinary, let cycle else { return ordinary ?? cycle }
        return min(ordinary, cycle)
    }

    private func blockedUntil(_ number: PhoneNumber, now: Instant) -> Instant? {
        active[number]?.record.desired.flatMap { blockedUntil($0.endpoint, now: now) }
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
        var earliest: Instant?
        var seen: Set<Endpoint> = []
        for key in lines.flatMap({ waiting.line($0) }) {
            guard let endpoint = active[key.number]?.record.desired?.endpoint, seen.insert(endpoint).inserted,
                let until = blockedUntil(endpoint, now: now), until != .distantFuture
            else { continue }
            earliest = min(earliest ?? until, until)
        }
        return earliest
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
        entry.submitted = entry.record
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
