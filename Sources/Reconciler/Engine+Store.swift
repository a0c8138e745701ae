import Planning

/// Commits, loads and the store's failures.
extension Engine {
    /// Asks for a commit that concerns `number`.
    mutating func commit(_ mutations: [StoreMutation], for number: PhoneNumber) -> CommitID {
        lastCommitID += 1
        let id = CommitID(value: lastCommitID)
        commits[id] = number
        actions.append(.commit(id, mutations))
        return id
    }

    /// A commit is durable: its request may be sent, or its number planned again.
    mutating func confirm(_ id: CommitID, now: Instant, random: inout some RandomNumberGenerator) {
        if let order = orders.removeValue(forKey: id) {
            noteStoreWorks()
            confirm(order, now: now)
            return
        }
        guard let number = commits.removeValue(forKey: id) else { return }
        noteStoreWorks()
        guard var entry = active[number] else { return }
        switch entry.stage {
        case .committing(id, let flight, _):
            entry.noteSaved()
            entry.stage = .inFlight(flight)
            active[number] = entry
            noteCycle(of: number)
            if let desired = entry.record.desired, desired.endpoint == flight.endpoint {
                send(flight, entry.record, as: desired)
            } else {
                // It left the desired state, or its endpoint, while the widening was written.
                arrive(flight.changeID, Outcome(.notSent), wasWithdrawn: true, now: now, random: &random)
            }
        case .saving(id):
            entry.noteSaved()
            active[number] = entry
            noteCycle(of: number)
            plan(number, now: now)
        case .committing, .saving, .waiting, .inFlight, .resting, .stuck:
            // The commit only moved a due instant while the number was not active.
            break
        }
    }

    /// A commit did not happen: nothing is sent, and the number waits for the store.
    mutating func revert(_ id: CommitID, _ message: String, now: Instant) {
        if let order = orders.removeValue(forKey: id) {
            noteStoreFailure(message, now: now)
            revert(order, message, now: now)
            return
        }
        guard let number = commits.removeValue(forKey: id) else { return }
        noteStoreFailure(message, now: now)
        guard var entry = active[number] else {
            // It was to be looked at, which is still owed when the store works.
            pendingLooks.insert(number)
            return
        }
        switch entry.stage {
        case .committing(id, let flight, let newGeneration):
            entry.record = flight.before
            if let newGeneration {
                entry.record.generations.removeAll { $0.generation == newGeneration.generation }
            }
            flights[flight.changeID] = nil
            if let endpoint = flight.endpoint { breakers[endpoint]?.withdraw(flight.changeID, now: now) }
            active[number] = entry
            noteCycle(of: number)
            setAside(number)
        case .saving(id):
            setAside(number)
        case .committing, .saving, .waiting, .inFlight, .resting, .stuck:
            break
        }
    }

    mutating func setAside(_ number: PhoneNumber) {
        active[number]?.stage = .stuck
        stuck.insert(number)
    }

    /// The store failed: nothing is sent until a try succeeds. Waits double from 1 s to 60 s.
    mutating func noteStoreFailure(_ message: String, now: Instant) {
        if let storeFailure, !storeFailure.isProbing { return }
        storeTries = min(storeTries + 1, 7)
        let retryAt = now.advanced(by: min(.seconds(1 << (storeTries - 1)), .seconds(60)))
        storeFailure = StoreOutage(retryAt: retryAt)
        actions.append(.report(.storeFailed(message, retryAt: retryAt)))
    }

    /// Tries the store again when it is time: by one commit that is owed, or by reading.
    mutating func retryStore(now: Instant) {
        guard let failure = storeFailure else {
            for number in stuck.sorted() { save(number) }
            stuck = []
            return
        }
        guard !failure.isProbing, failure.retryAt <= now else { return }
        storeFailure?.isProbing = true
        if let number = stuck.min() {
            stuck.remove(number)
            save(number, isProbe: true)
        } else {
            load(limit: Self.pageSize)
        }
    }

    private mutating func noteStoreWorks() {
        storeTries = 0
        guard storeFailure != nil else { return }
        storeFailure = nil
        actions.append(.report(.storeRecovered))
    }

    /// Asks for due numbers when there is room for them.
    mutating func loadDue(now: Instant) {
        guard let storeDueAt, storeDueAt <= now, !isLoading, storeFailure == nil, adopting == nil, stopDeadline == nil,
            hasRoom
        else { return }
        load(limit: min(Self.pageSize, Self.maxActive - active.count))
    }

    /// Whether it is worth while to read more: for a page at least, or because few are left that want to send. To read
    /// one number as soon as another has come to rest would cost a look at everything that is due for each.
    var hasRoom: Bool {
        active.count <= Self.maxActive - Self.pageSize
            || active.count < Self.maxActive && waiting.count < Self.pageSize
    }

    private mutating func load(limit: Int) {
        isLoading = true
        // The page tells when everything else is due, but for what is active now and comes to rest meanwhile: from
        // here on only that is noted, and outlasts the page.
        storeDueAt = nil
        actions.append(.load(limit: limit, excluding: Set(active.numbers)))
    }

    /// Takes a page of due numbers to work on.
    mutating func take(_ batch: DueBatch, now: Instant) {
        isLoading = false
        if storeFailure != nil {
            // Reading works again; whether writing does, the next commit shows.
            storeFailure = nil
            actions.append(.report(.storeRecovered))
        }
        noteDue(batch.nextDueAt)
        for failure in batch.failures {
            actions.append(.report(.numberUnreadable(failure.number, failure.message)))
            reschedule(failure.number, dueAt: now.advanced(by: Self.unreadableRest))
        }
        for record in batch.records where active[record.number] == nil {
            active[record.number] = ActiveNumber(record)
            noteCycle(of: record.number)
            plan(record.number, now: now)
        }
    }

    /// Keeps the exposure count true to what is known about a number at work.
    ///
    /// Its place is free only when that is durable: after a crash the number would still be in its cycle.
    mutating func noteCycle(of number: PhoneNumber) {
        guard let entry = active[number] else { return }
        if entry.record.cycle?.isOurs == true || entry.saved.cycle?.isOurs == true {
            openCycles.insert(number)
        } else {
            openCycles.remove(number)
        }
    }
}
