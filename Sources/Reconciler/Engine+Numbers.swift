import Planning

/// Planning, queueing and resting of single numbers.
extension Engine {
    /// The planner's decision, with the operator's PIN if the entry names one.
    func decide(_ record: NumberRecord, now: Instant) -> Decision {
        let operatorPIN = record.desired?.operatorPINName.flatMap { operatorPINs[$0] }
        let decision = Planner.decide(
            record, operatorPIN: operatorPIN, fleetPause: fleetPause, policy: policy, now: now)
        return clock.permit(decision, for: record, at: now)
    }

    /// Decides about a number that nothing is under way for, and puts it where it belongs.
    mutating func plan(_ number: PhoneNumber, now: Instant) {
        guard let record = active[number]?.record else { return }
        let decision = decide(record, now: now)
        actions.append(.report(.planned(record, decision)))
        switch decision {
        case .send(let request, _): enqueue(number, request)
        case .idle(let until, _), .hold(let until, _): rest(number, until: until, now: now)
        }
    }

    private mutating func enqueue(_ number: PhoneNumber, _ request: PlannedRequest) {
        guard let record = active[number]?.record, let endpoint = record.desired?.endpoint else { return }
        let line: WaitingKey.Line = request.startsCycle ? .cycle : record.isExposed ? .exposed : .ordinary
        let key = WaitingKey(line: line, dueAt: record.dueAt ?? .distantPast, number: number, endpoint: endpoint)
        waiting.insert(key)
        active[number]?.stage = .waiting(key)
        if !(active[number]?.unsaved.isEmpty ?? true) { unsavedWaiting.insert(number) }
    }

    /// Puts a number to rest until `until`: in the store, or at hand while it is exposed.
    private mutating func rest(_ number: PhoneNumber, until: Instant?, now: Instant) {
        guard var entry = active[number] else { return }
        entry.record.dueAt = until
        if entry.unsaved.isEmpty, entry.record == entry.saved {
            if entry.record.isExposed, until != nil {
                entry.stage = .resting(until: until)
                active[number] = entry
            } else {
                active[number] = nil
                noteDue(until)
            }
            return
        }
        active[number] = entry
        save(number)
    }

    /// Numbers that rest in the store may be due at `instant`.
    mutating func noteDue(_ instant: Instant?) {
        guard let instant else { return }
        storeDueAt = min(storeDueAt ?? instant, instant)
    }

    /// Makes a number's record durable, with what is still to be completed in the history.
    ///
    /// While the store fails it is put aside instead, unless this is the try that shows whether the store works again.
    mutating func save(_ number: PhoneNumber, isProbe: Bool = false) {
        guard var entry = active[number] else { return }
        guard storeFailure == nil || isProbe else {
            setAside(number)
            return
        }
        var onlyDue = entry.saved
        onlyDue.dueAt = entry.record.dueAt
        let touched = entry.record.generationsTouched(since: entry.saved)
        let mutations: [StoreMutation] =
            entry.unsaved.isEmpty && onlyDue == entry.record
            ? [.reschedule(number, dueAt: entry.record.dueAt)]
            : entry.unsaved + [.save(entry.record, newGeneration: nil, touched: touched)]
        entry.noteSubmitted()
        entry.stage = .saving(commit(mutations, for: number))
        active[number] = entry
    }

    /// Numbers whose evidence is not durable yet and whose turn has not come are saved meanwhile.
    mutating func saveWaiting(now: Instant) {
        for number in unsavedWaiting.sorted() {
            guard let entry = active[number], case .waiting(let key) = entry.stage, !entry.unsaved.isEmpty else {
                continue
            }
            waiting.remove(key)
            active[number]?.record.dueAt = entry.record.dueAt ?? now
            save(number)
        }
        unsavedWaiting = []
    }

    /// Makes a number due that rests in the store.
    mutating func reschedule(_ number: PhoneNumber, dueAt: Instant) {
        if active[number] == nil {
            _ = commit([.reschedule(number, dueAt: dueAt)], for: number)
            noteDue(dueAt)
        }
    }

    /// Plans exposed numbers again whose wait is over.
    mutating func wakeResting(now: Instant) {
        for number in active.wakingNumbers(by: now) { plan(number, now: now) }
    }
}
