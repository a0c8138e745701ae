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
            for (id, _) in batch { confirm(.commitFailed(id, "the disk is full")) }
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
        try noteDurable(Self.numbers(in: mutations))
        mayCrash()
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
            let adoption = try store.adopt(state, at: now)
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

    /// Tells the engine a little later; completions keep their order.
    private func confirm(_ event: EngineEvent) {
        let soonest = clock.elapsed + random.span(0...max(1, scenario.slowestCommit / 8))
        lastConfirmation = max(lastConfirmation, soonest)
        timeline.insert(.tell(life: life, event), at: lastConfirmation)
    }

    private func noteBackoffs(in mutations: [StoreMutation]) {
        for case .save(let record, _, _) in mutations { retryAts[record.number] = record.retryAt }
    }

    private static func numbers(in mutations: [StoreMutation]) -> Set<PhoneNumber> {
        var numbers: Set<PhoneNumber> = []
        for case .save(let record, _, _) in mutations { numbers.insert(record.number) }
        return numbers
    }

    /// Reads everything that is durable, as a new process finds it.
    func rereadStore() throws {
        let known = try store.reader.records(after: nil, limit: 100, at: clock.wall)
        if let failure = known.failures.first {
            throw Violation(.pinsAreKept, "\(failure.number) cannot be read: \(failure.error)")
        }
        durable = Dictionary(uniqueKeysWithValues: known.rows.map { ($0.number, $0) })
        for number in durable.keys.sorted() { try checkBelief(of: number) }
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
