import Planning
import Reconciler
import Storage

/// What the daemon asks of the store, in the order of asking.
enum DiskJob {
    case commit(CommitID, [StoreMutation])
    case load(at: Instant, limit: Int, excluding: Set<PhoneNumber>)
    case adopt(DesiredState, at: Instant)
    case loadFailure(at: Instant)
}

/// The store behind a queue: what waits is committed together, and confirmed a little later.
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
                for case .openChange(let entry) in mutations { limits.withdraw(entry.id) }
                confirm(.commitFailed(id, "the disk is full"))
            }
            return
        }
        let mutations = batch.flatMap(\.1)
        do {
            try store.commit(mutations)
        } catch {
            throw Violation(.housekeeping, "the store refused a commit of the engine: \(error)")
        }
        journal.append(.commit(mutations))
        noteBackoffs(in: mutations)
        note("disk: commits \(batch.map { "\($0.0.value)" }.joined(separator: " "))")
        for (id, _) in batch { confirm(.committed(id)) }
        try noteDurable(numbers(in: mutations))
        try letHistoryGo()
        mayCrash()
    }

    /// Between the engine's commits the oldest history goes, as far as that is ever permitted, in steps that end in the
    /// midst of requests. Nothing may depend on it but the history itself, which verifies at the end.
    private func letHistoryGo() throws {
        // What a lying disk loses is written again from the journal, which knows of no pruning.
        guard !journal.isKept else { return }
        let now = clock.wall
        do {
            let pruning = try store.pruneOldest(
                before: now.advanced(by: .zero - Store.leastHistory), at: now, limit: 5, policy: nil)
            counters.prunedChanges += pruning.changes
        } catch {
            throw Violation(.housekeeping, "old history cannot be let go: \(error)")
        }
    }

    private func performAlone(_ job: DiskJob) throws {
        switch job {
        case .commit: preconditionFailure("commits are performed together")
        case .load(let now, let limit, let excluding):
            guard !isDiskFailing else { return confirm(.loadFailed("the disk cannot be read")) }
            let page = try store.reader.due(at: now, limit: limit, excluding: excluding)
            if let failure = page.failures.first {
                throw Violation(.pinsAreKept, "\(failure.number) cannot be read: \(failure.error)")
            }
            confirm(.loaded(DueBatch(records: page.records, failures: [], nextDueAt: page.nextDueAt)))
        case .adopt(let state, let now):
            guard !isDiskFailing else { return confirm(.adoptionFailed("the disk is full")) }
            guard let adoption = try adoptGuarded(state, at: now) else { return mayCrash() }
            journal.append(.adopt(state, at: now))
            adoptedLast = state
            let difference = adoption.difference
            // A change of the desired state ends the backoff.
            for number in difference.added + difference.changed {
                retryAts[number] = nil
                backoffs[number] = nil
            }
            note("disk: revision \(adoption.revision)")
            confirm(.adopted(adoption))
            try noteDurable(Set(difference.added + difference.changed + difference.removed))
            mayCrash()
        case .loadFailure(let now):
            guard !isDiskFailing else { return }
            try store.recordLoadFailure(sha256: nil, source: "file", problem: "not valid", at: now)
        }
    }

    /// The adoption, or nil when the state is held.
    private func adoptGuarded(_ state: DesiredState, at now: Instant) throws -> Adoption? {
        let inForce = durable.values.compactMap(\.desired)
        let guardian = WeakeningGuard(maximumPercent: scenario.policy.maxWeakenedPercent)
        switch try store.adopt(state, guardedBy: guardian, at: now) {
        case .adopted(let adoption):
            try checkWeakening(from: inForce, to: state)
            return adoption
        case .held(let held):
            counters.heldStates += 1
            note("disk: held, \(held.weakening)")
            confirm(.adoptionHeld(held))
            return nil
        }
    }

    /// A typo must not weaken the fleet: counted here apart from the guard's own counting.
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

    /// Tells the engine a little later; completions keep their order.
    private func confirm(_ event: EngineEvent) {
        let soonest = clock.elapsed + random.span(0...max(1, scenario.slowestCommit / 8))
        lastConfirmation = max(lastConfirmation, soonest)
        timeline.insert(.tell(life: life, event), at: lastConfirmation)
    }

    private func noteBackoffs(in mutations: [StoreMutation]) {
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
            case .save(let record, _, _): numbers.insert(record.number)
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

    /// Reads everything that is durable, as a new process finds it.
    func rereadStore() throws {
        let known = try store.reader.records(after: nil, limit: 100, at: clock.wall)
        if let failure = known.failures.first {
            throw Violation(.pinsAreKept, "\(failure.number) cannot be read: \(failure.error)")
        }
        durable = Dictionary(uniqueKeysWithValues: known.rows.map { ($0.number, $0) })
        for number in durable.keys.sorted() { try checkBelief(of: number) }
        try checkPauses()
    }

    private func noteDurable(_ numbers: Set<PhoneNumber>) throws {
        for number in numbers.sorted() {
            do {
                durable[number] = try store.reader.record(number, at: clock.wall)
            } catch {
                throw Violation(.pinsAreKept, "\(number) cannot be read: \(error)")
            }
            try checkBelief(of: number)
            noteHealth(of: number)
        }
    }
}

/// What was written, so that a disk that lies about its flushes can lose the newest of it.
struct Journal {
    enum Write {
        case commit([StoreMutation])
        case adopt(DesiredState, at: Instant)
        case recover(at: Instant)
    }

    /// Nothing is kept unless the disk lies.
    var isKept = false
    private(set) var writes: [Write] = []

    mutating func append(_ write: Write) {
        if isKept { writes.append(write) }
    }

    mutating func drop(newest count: Int) { writes.removeLast(min(count, writes.count)) }
}

extension World {
    /// The power fails on a disk that confirms what it has not written: the newest writes are gone.
    func losePowerUnsynced() {
        journal.drop(newest: random.int(0...3))
        retryAts = [:]
        do {
            store = try Store.inMemory(key: key)
            for write in journal.writes {
                switch write {
                case .commit(let mutations): try store.commit(mutations)
                case .adopt(let state, let now): _ = try store.adopt(state, at: now)
                case .recover(let now): _ = try store.recoverInterrupted(at: now)
                }
            }
        } catch {
            preconditionFailure("what was written once can be written again: \(error)")
        }
    }
}
