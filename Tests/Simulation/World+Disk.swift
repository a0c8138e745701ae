import Planning
import Reconciler
import Storage

/// The daemon's jobs for the store, in the order of submission.
enum DiskJob {
    case commit(CommitID, [StoreMutation])
    case load(LoadRequest, at: Instant)
    case adopt(DesiredStateReading, following: Set<PhoneNumber>, at: Instant)
    case loadFailure(at: Instant)
    /// A write by another process while the daemon runs, which is not permitted.
    case intrusion([StoreMutation])
}

/// The store behind a queue: waiting commits are performed together, and confirmed a little later.
extension World {
    func submit(_ job: DiskJob) {
        jobs.append(job)
        guard !isDiskBusy else { return }
        isDiskBusy = true
        schedule(.diskTurn, after: random.span(0...max(1, scenario.slowestCommit / 4)))
    }

    func diskTurn() throws {
        isDiskBusy = false
        guard let first = jobs.first else { return }
        if case .commit = first {
            try commitTogether()
        } else {
            jobs.removeFirst()
            try performAlone(first)
        }
        guard !jobs.isEmpty else { return }
        isDiskBusy = true
        schedule(.diskTurn, after: random.span(0...max(1, scenario.slowestCommit / 8)))
    }

    private func commitTogether() throws {
        var batch: [(CommitID, [StoreMutation])] = []
        for job in jobs.prefix(random.int(1...16)) {
            guard case .commit(let id, let mutations) = job else { break }
            batch.append((id, mutations))
        }
        jobs.removeFirst(batch.count)
        if isDiskFailing {
            counters.storeFailures += 1
            for (id, mutations) in batch {
                withdraw(mutations)
                confirm(.commitFailed(id, .outage("the disk is full")))
            }
            return
        }
        note("disk: commits \(batch.map { "\($0.0.value)" }.joined(separator: " "))")
        for (id, mutations) in batch {
            switch try perform(mutations) {
            case .success(let receipt): confirm(.committed(id, receipt))
            case .failure(let failure):
                withdraw(mutations)
                confirm(.commitFailed(id, failure))
            }
        }
        try letHistoryGo()
        mayCrash()
    }

    /// Performs one submission, all or nothing.
    private func perform(_ mutations: [StoreMutation]) throws -> Result<CommitReceipt, CommitFailure> {
        let saved = mutations.compactMap(\.savedRecord)
        if let number = saved.first(where: { refusing.contains($0.number) })?.number {
            counters.refusals += 1
            note("disk: refuses \(number)")
            return .failure(.refused("a drill"))
        }
        let receipt: CommitReceipt
        do throws(StorageError) {
            receipt = try store.commit(mutations)
        } catch .outdated(let number) where intruded.contains(number) {
            counters.outdated += 1
            note("disk: \(number) was written by somebody else")
            return .failure(.outdated)
        } catch {
            throw Violation(.housekeeping, "the store refused a commit of the engine: \(error)")
        }
        for record in saved {
            try checkKeepsEdits(record, mutations)
            try checkDoubts(record, mutations)
        }
        journal.append(.commit(mutations))
        recordBackoffs(in: mutations)
        try recordDurable(numbers(in: mutations))
        return .success(receipt)
    }

    /// Withdraws the requests of a failed commit, which are not sent.
    private func withdraw(_ mutations: [StoreMutation]) {
        for case .openChange(let entry) in mutations { limits.withdraw(entry.id) }
    }

    /// Prunes the oldest history between the engine's commits, as far as that is ever permitted, in steps that end in
    /// the midst of requests. Nothing but the history itself may depend on it, and the history verifies at the end.
    private func letHistoryGo() throws {
        // The writes that a lying disk loses are repeated from the journal, which does not record pruning.
        guard !journal.isKept else { return }
        let now = clock.wall
        do {
            let pruning = try store.pruneOldest(
                before: now.advanced(by: .zero - Store.minHistory), at: now, limit: 5, policy: nil)
            counters.prunedChanges += pruning.changes
        } catch {
            throw Violation(.housekeeping, "old history cannot be let go: \(error)")
        }
    }

    private func performAlone(_ job: DiskJob) throws {
        switch job {
        case .commit: preconditionFailure("commits are performed together")
        case .load(let request, let now):
            guard !isDiskFailing else { return confirm(.loadFailed("the disk cannot be read")) }
            var page = try store.reader.load(request, at: now)
            if let failure = page.failures.first {
                throw Violation(.pinsAreKept, "\(failure.number) cannot be read: \(failure.message)")
            }
            let unreadable = page.records.map(\.number).filter(refusing.contains)
            page.records.removeAll { unreadable.contains($0.number) }
            page.failures = unreadable.map { UnreadableNumber(number: $0, message: "a drill") }
            confirm(.loaded(page))
        case .adopt(let reading, let following, let now):
            guard !isDiskFailing else { return confirm(.adoptionFailed("the disk is full")) }
            try adopt(reading, following: following, at: now)
            mayCrash()
        case .intrusion(let mutations):
            guard !isDiskFailing else { return }
            let numbers = numbers(in: mutations)
            do {
                _ = try store.commit(mutations)
            } catch {
                throw Violation(.housekeeping, "the store refused an order: \(error)")
            }
            intruded.formUnion(numbers)
            journal.append(.commit(mutations))
            recordBackoffs(in: mutations)
            try recordDurable(numbers)
        case .loadFailure(let now):
            guard !isDiskFailing else { return }
            try store.recordLoadFailure(sha256: nil, source: "file", problem: "not valid", at: now)
        }
    }

    private func adopt(_ reading: DesiredStateReading, following: Set<PhoneNumber>, at now: Instant) throws {
        let before = durable
        let guardian = DesiredStateGuard(maximumPercent: scenario.policy.maxWeakenedPercent)
        let result = try store.adopt(reading, guardedBy: guardian, following: following, at: now)
        var kept = reading
        switch result.verdict {
        case .adopted(let adoption):
            guard let state = reading.state else {
                throw Violation(.onlyManagedNumbers, "a file that is not valid is adopted")
            }
            try checkWeakening(from: before.values.compactMap(\.desired), to: state)
            adoptedLast = state
            note("disk: revision \(adoption.revision)")
        case .held(let held):
            counters.heldStates += 1
            kept.state = nil
            note("disk: held, \(held.reason)")
        case .kept: break
        }
        journal.append(.adopt(kept, at: now))
        let nextID = try store.reader.nextChangeID()
        var moved: [PhoneNumber] = []
        for number in result.written.sorted() {
            // A change of the desired state ends the backoff.
            retryAts[number] = nil
            backoffs[number] = nil
            let entry = kept.state?.numbers.first { $0.number == number }
            if let known = before[number]?.identity, let entry, known.endpoint != entry.endpoint {
                movedBefore[number] = nextID
                moved.append(number)
            }
        }
        confirm(.adopted(result))
        try recordDurable(result.written)
        for number in moved { try checkKnowsNothing(of: number) }
    }

    /// Checks I1: the belief about a number at an endpoint that it has left does not apply to another endpoint.
    private func checkKnowsNothing(of number: PhoneNumber) throws {
        guard let belief = durable[number]?.belief, !(belief.maybeOff && belief.maybeForeign) else { return }
        throw Violation(.truthIsBelieved, "\(number) is believed at its new endpoint what it was at the old one")
    }

    /// Checks I10: a change of a row by an order or an adoption is never overwritten by an older record.
    private func checkKeepsEdits(_ record: NumberRecord, _ mutations: [StoreMutation]) throws {
        let number = record.number
        guard let stored = durable[number] else { return }
        guard record.pause == stored.pause, record.orderedRotation == stored.orderedRotation,
            record.desired == stored.desired, record.identity == stored.identity
        else {
            throw Violation(
                .ordersAreKept,
                "an edit of \(number) is overwritten by an older record: desired \(record.desired == stored.desired), identity "
                    + "\(record.identity == stored.identity), order \(record.orderedRotation == stored.orderedRotation), versions "
                    + "\(record.version) and \(stored.version)")
        }
        var accepted: Int64?
        var isAnswered = false
        for case .closeChange(let id, _, let outcome) in mutations {
            isAnswered = isAnswered || outcome.verdict == .accepted || outcome.verdict == .refused
            if outcome.verdict == .accepted { accepted = id }
        }
        if stored.appliedAt == nil, record.appliedAt != nil, !isAnswered {
            throw Violation(.ordersAreKept, "\(number) counts as applied again without an answer")
        }
        // An observer that saw it off has seen the stored state, and not that of an older row.
        let wasSeenOff =
            record.observations.newest != stored.observations.newest && record.observations.newest?.kind == .off
            && record.belief.maybeOff
        if stored.belief.maybeForeign, !record.belief.maybeForeign, !wasSeenOff {
            guard let accepted, accepted >= movedBefore[number] ?? 0 else {
                throw Violation(.ordersAreKept, "\(number) is believed again what it was before it was reset or moved")
            }
        }
    }

    /// Checks I1: a request that ended in doubt may take effect for a while after its end, and not only after its
    /// departure.
    private func checkDoubts(_ record: NumberRecord, _ mutations: [StoreMutation]) throws {
        for case .closeChange(let id, let answeredAt, let outcome) in mutations where outcome.verdict == .inDoubt {
            guard let entry = departures[id], answeredAt > entry.sentAt else { continue }
            let effect = entry.generation.map(Effect.on) ?? .off
            guard record.belief.doubts.contains(where: { $0.effect == effect && $0.since > entry.sentAt }) else {
                throw Violation(.truthIsBelieved, "#\(id) ended in doubt, and is no doubt from then on")
            }
        }
    }

    /// Checks that a mistake in the file does not weaken the fleet, with a count independent of the guard's own.
    private func checkWeakening(from inForce: [DesiredNumber], to state: DesiredState) throws {
        guard inForce.count >= 5, state.acceptedBy == nil, let percent = scenario.policy.maxWeakenedPercent else {
            return
        }
        var weakened = 0
        for old in inForce {
            let new = state.numbers.first { $0.number == old.number }
            if new == nil || (old.verification == .enabled && new?.verification == .disabled) { weakened += 1 }
        }
        guard weakened * 100 <= percent * inForce.count else {
            throw Violation(.onlyManagedNumbers, "\(weakened) of \(inForce.count) numbers are weakened by a file")
        }
    }

    /// Sends the event to the engine a little later; completions keep their order.
    private func confirm(_ event: EngineEvent) {
        let soonest = clock.elapsed + random.span(0...max(1, scenario.slowestCommit / 8))
        lastConfirmation = max(lastConfirmation, soonest)
        timeline.insert(.post(life: life, event), at: lastConfirmation)
    }

    private func recordBackoffs(in mutations: [StoreMutation]) {
        for mutation in mutations {
            switch mutation {
            case .save(let record, _, _): retryAts[record.number] = record.retryAt
            case .order(.reapply, let scope, _), .order(.reset, let scope, _):
                for number in numbers(of: scope) { retryAts[number] = nil }
            default: break
            }
        }
    }

    private func numbers(in mutations: [StoreMutation]) -> Set<PhoneNumber> {
        var numbers: Set<PhoneNumber> = []
        for mutation in mutations {
            switch mutation {
            case .save(let record, _, _), .reschedule(let record): numbers.insert(record.number)
            case .order(_, let scope, _): numbers.formUnion(self.numbers(of: scope))
            default: break
            }
        }
        return numbers
    }

    func numbers(of scope: OrderScope) -> [PhoneNumber] {
        switch scope {
        case .all: Array(durable.keys)
        case .numbers(let numbers): numbers
        }
    }

    /// Reads every durable record, as a new process does.
    func rereadStore() throws {
        let known = try store.reader.records(after: nil, limit: 100, at: clock.wall)
        if let failure = known.failures.first {
            throw Violation(.pinsAreKept, "\(failure.number) cannot be read: \(failure.error)")
        }
        durable = Dictionary(uniqueKeysWithValues: known.records.map { ($0.number, $0) })
        for number in durable.keys.sorted() { try checkBelief(of: number) }
        try checkPauses()
    }

    private func recordDurable(_ numbers: Set<PhoneNumber>) throws {
        for number in numbers.sorted() {
            do {
                durable[number] = try store.reader.record(number, at: clock.wall)
            } catch {
                throw Violation(.pinsAreKept, "\(number) cannot be read: \(error)")
            }
            try checkBelief(of: number)
            recordHealth(of: number)
        }
    }
}

/// The writes in order, so that a disk that lies about its flushes can lose the newest of them.
struct Journal {
    enum Write {
        case commit([StoreMutation])
        case adopt(DesiredStateReading, at: Instant)
        case recover(at: Instant)
        /// A start that has compared the store with its fence.
        case start(at: Instant)

        /// Whether it records that a request departs, or how one ended.
        var concernsRequest: Bool {
            guard case .commit(let mutations) = self else { return false }
            return mutations.contains {
                switch $0 {
                case .openChange, .closeChange: true
                case .save, .reschedule, .order, .guardState, .event: false
                }
            }
        }
    }

    /// False unless the disk lies: then no writes are kept.
    var isKept = false
    private var writes: [Write] = []

    mutating func append(_ write: Write) {
        if isKept { writes.append(write) }
    }

    /// Forgets the newest writes, and returns them.
    @discardableResult
    mutating func drop(newest count: Int) -> [Write] {
        let lost = Array(writes.suffix(count))
        writes.removeLast(lost.count)
        return lost
    }

    /// A new store with what was written, as far as it is remembered.
    func replayed(with key: SealingKey) throws -> Store {
        let store = try Store.inMemory(key: key)
        var fence: StoreLocation?
        defer { if let fence { TemporaryFolder.remove(fence.directory) } }
        for write in writes {
            switch write {
            case .commit(let mutations): _ = try store.commit(mutations)
            case .adopt(let reading, let now):
                _ = try store.adopt(reading, guardedBy: DesiredStateGuard.none, following: [], at: now)
            case .recover(let now): _ = try store.recoverInterrupted(at: now)
            case .start(let now):
                let location = try fence ?? StoreLocation(directory: TemporaryFolder.make())
                fence = location
                _ = try store.passFence(at: location, now: now)
            }
        }
        return store
    }
}

extension World {
    /// Simulates a power failure on a disk that confirms unflushed writes: the newest writes are lost.
    func losePowerUnsynced() {
        journal.drop(newest: random.int(0...3))
        retryAts = [:]
        do {
            store = try journal.replayed(with: key)
        } catch {
            preconditionFailure("what was written once can be written again: \(error)")
        }
    }
}

extension StoreMutation {
    /// The record that it writes; nil for none.
    var savedRecord: NumberRecord? {
        switch self {
        case .save(let record, _, _), .reschedule(let record): record
        case .order, .guardState, .openChange, .closeChange, .event: nil
        }
    }
}
