import GRDB
import Planning
import Testing

@testable import Storage

struct StoreAdoptionTests {
    @Test func `a first adoption makes every number unknown and due`() throws {
        let store = try Store.inMemory(key: Sample.key)
        let desired = Sample.state([try Sample.desired(2), try Sample.desired(1)])
        let adoption = try store.adopt(desired, at: Sample.now)
        #expect(adoption.revision == 1)
        #expect(adoption.difference.added == [try Sample.number(2), try Sample.number(1)])
        let record = try store.required(1)
        #expect(
            record
                == NumberRecord(number: record.number, version: 1, desired: try Sample.desired(1), dueAt: Sample.now))
        #expect(try store.reader.events(limit: 5).map(\.entry.kind) == [.configurationAccepted])
        let status = try store.reader.desiredStateStatus()
        #expect(status.revision == 1)
        #expect(status.sha256 == desired.sha256)
        #expect(status.isValid == true)
        #expect(status.loadedAt == Sample.now)
    }

    @Test func `the same file again is no new revision`() throws {
        let store = try Sample.store(3)
        let again = try store.adopt(Sample.state(try (1...3).map { try Sample.desired($0) }), at: Sample.at(60))
        #expect(again.revision == 1)
        #expect(again.difference.unchanged == 3)
        #expect(try store.count("events") == 1)
        #expect(try store.required(1).dueAt == Sample.now)
        let touched = try store.adopt(
            Sample.state(try (1...3).map { try Sample.desired($0) }, sha: "b"), at: Sample.at(60))
        #expect(touched.revision == 2)
        #expect(touched.difference.isEmpty)
    }

    @Test func `a changed entry is due at once, without backoff or refusals, and others are left alone`() throws {
        let store = try Sample.store(2)
        for index in 1...2 {
            var record = try store.required(index)
            record.attempts = 4
            record.retryAt = Sample.at(3600)
            record.refusals = NumberRecord.Refusals(action: .disable, count: 2)
            record.dueAt = Sample.at(3600)
            record.appliedAt = Sample.at(-5)
            record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        let (before, untouched) = (try store.required(1), try store.required(2))
        var entry = try Sample.desired(1)
        entry.rotateEvery = .seconds(86_400)
        let adoption = try store.adopt(Sample.state([entry, try Sample.desired(2)], sha: "b"), at: Sample.at(10))
        #expect(adoption.difference.changed == [entry.number])
        #expect(adoption.difference.unchanged == 1)
        let record = try store.required(1)
        var expected = before.adopting(entry, at: Sample.at(10))
        expected.version += 1
        #expect(record == expected)
        #expect(record.desired == entry)
        #expect(record.dueAt == Sample.at(10))
        #expect(record.retryAt == nil)
        #expect(record.attempts == 0)
        #expect(record.refusals == nil)
        #expect(record.appliedAt == Sample.at(-5))
        #expect(!record.belief.maybeForeign)
        #expect(try store.required(2) == untouched)
    }

    @Test func `another endpoint means that a PIN of somebody else is possible`() throws {
        let store = try Sample.store(1)
        var record = try store.required(1)
        record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        try store.commit([.save(record, newGeneration: nil, touched: [])])
        _ = try store.adopt(Sample.state([try Sample.desired(1, endpoint: .legacy)], sha: "b"), at: Sample.now)
        #expect(try store.required(1).belief.elements == ["off", "foreign"])
    }

    @Test func `a number that is gone is kept unmanaged, and comes back to be applied again`() throws {
        let store = try Sample.store(2)
        try store.addGeneration(1, "284715", to: 1)
        var record = try store.required(1)
        record.appliedAt = Sample.at(5)
        try store.commit([.save(record, newGeneration: nil, touched: [])])

        let gone = try store.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.at(20))
        #expect(gone.difference.removed == [record.number])
        let unmanaged = try store.required(1)
        #expect(unmanaged.desired == nil)
        #expect(unmanaged.dueAt == nil)
        #expect(unmanaged.generations == record.generations)
        #expect(unmanaged.belief == record.belief)
        #expect(
            try store.reader.load(.due(limit: 10, excluding: []), at: Sample.at(1000)).records.map(\.number)
                == [try Sample.number(2)])
        let still = try store.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.at(25))
        #expect(still.difference.isEmpty)

        let back = try store.adopt(
            Sample.state([try Sample.desired(1), try Sample.desired(2)], sha: "c"), at: Sample.at(30))
        #expect(back.difference.added == [record.number])
        let returned = try store.required(1)
        #expect(returned.dueAt == Sample.at(30))
        #expect(returned.appliedAt == nil)
        #expect(returned.generations == record.generations)
    }

    @Test func `an answer that comes after an adoption is not saved over it`() throws {
        let store = try Sample.store(1)
        var record = try store.required(1)
        record.belief = record.belief.widened(by: .off, sentAt: Sample.now)
        try store.commit([
            .save(record, newGeneration: nil, touched: []), .openChange(try Sample.change(1, 1)),
        ])
        // Its answer makes it certain, for the endpoint to which it was sent.
        var answered = try store.required(1)
        answered.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        try store.adopt(Sample.state([try Sample.desired(1, endpoint: .legacy)], sha: "b"), at: Sample.at(5))
        let adopted = try store.required(1)
        #expect(throws: StorageError.outdated(number: record.number)) {
            try store.commit([
                .closeChange(id: 1, answeredAt: Sample.at(6), outcome: Outcome(.success)),
                .save(answered, newGeneration: nil, touched: []),
            ])
        }
        #expect(try store.required(1) == adopted)
        #expect(adopted.belief.maybeForeign)
        #expect(try store.reader.unansweredChanges().map(\.id) == [1], "the whole of it is dropped")
    }

    @Test func `a number that left and comes back at another endpoint may be anything there`() throws {
        let store = try Sample.store(2)
        for index in 1...2 {
            var record = try store.required(index)
            record.belief = Belief(maybeOff: false, maybeForeign: true, generations: [])
            record.appliedAt = Sample.at(-5)
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        try store.adopt(Sample.state([], sha: "b"), at: Sample.at(10))
        #expect(try store.required(1).identity == NumberRecord.Identity(of: try Sample.desired(1)))
        let left = try (1...2).map { try store.required($0) }
        let entries = [try Sample.desired(1, endpoint: .legacy), try Sample.desired(2)]
        try store.adopt(Sample.state(entries, sha: "c"), at: Sample.at(20))
        for (record, entry) in zip(left, entries) {
            var expected = record.adopting(entry, at: Sample.at(20))
            expected.version += 1
            #expect(try store.reader.record(entry.number, at: Sample.now) == expected)
        }
        #expect(try store.required(1).belief.elements == ["off", "foreign"])
        #expect(try store.required(2).belief.elements == ["foreign"])
    }

    @Test func `the result has the numbers that were written, and the entries of those that were asked for`() throws {
        let store = try Sample.store(4)
        var changed = try Sample.desired(2)
        changed.label = "two"
        let state = Sample.state(
            [try Sample.desired(1), changed, try Sample.desired(4), try Sample.desired(5)], sha: "b")
        let result = try store.adopt(
            DesiredStateReading(state: state), guardedBy: DesiredStateGuard.none,
            following: Set(try [1, 2, 3].map { try Sample.number($0) }), at: Sample.at(10))
        #expect(result.written == Set(try [2, 3, 5].map { try Sample.number($0) }))
        #expect(result.entries == [changed.number: changed], "the third is gone, the first unchanged")
        #expect(try (1...5).map { try store.version($0) } == [1, 2, 2, 1, 1])
    }

    @Test func `records that cannot be read are under their new entries, with the widest belief, and hold up nobody`()
        throws
    {
        let store = try Sample.store(4)
        for index in 1...4 {
            var record = try store.required(index)
            record.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
            record.dueAt = Sample.at(3600)
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        try store.execute("UPDATE numbers SET last_accepted = 'maybe' WHERE number < '\(try Sample.number(4))'")
        let entries = try [1, 3, 4].map { index in
            var entry = try Sample.desired(index, endpoint: .legacy)
            entry.label = "n\(index)"
            return entry
        }
        let result = try store.adopt(
            DesiredStateReading(state: Sample.state(entries, sha: "b")),
            guardedBy: DesiredStateGuard.none, at: Sample.at(10))
        guard case .adopted(let adoption) = result.verdict else {
            Issue.record("\(result.verdict)")
            return
        }
        #expect(adoption.difference.changed.count == 3)
        #expect(adoption.difference.removed == [try Sample.number(2)])
        #expect(result.written == [try Sample.number(4)])
        #expect(Set(result.unreadable.map(\.number)) == Set(try [1, 2, 3].map { try Sample.number($0) }))
        #expect(result.unreadable.allSatisfy { $0.message.contains("last_accepted") })
        #expect(try (1...4).map { try store.version($0) } == [3, 3, 3, 3])
        try store.execute("UPDATE numbers SET last_accepted = NULL")
        for index in [1, 3] {
            let record = try store.required(index)
            #expect(record.desired?.label == "n\(index)" && record.desired?.endpoint == .legacy)
            #expect(record.belief.elements == ["off", "foreign"])
            #expect(record.dueAt == Sample.at(10))
        }
        #expect(try store.required(2).desired == nil && store.required(2).dueAt == nil)
    }

    @Test func `an entry that was edited by hand in the store is put back`() throws {
        let store = try Sample.store(2)
        let before = try store.required(1)
        try store.execute(
            "UPDATE numbers SET rotation_window = 'whenever' WHERE number = '\(try Sample.number(1))'")
        let adoption = try store.adopt(Sample.state(try (1...2).map { try Sample.desired($0) }), at: Sample.at(10))
        #expect(adoption.difference.changed == [try Sample.number(1)])
        #expect(try store.required(1).desired == before.desired)
    }

    @Test func `every column takes part in the comparison`() throws {
        let base = try Sample.desired(1)
        var variants: [DesiredNumber] = []
        func vary(_ change: (inout DesiredNumber) throws -> Void) rethrows {
            var entry = base
            try change(&entry)
            variants.append(entry)
        }
        vary { $0.label = "l" }
        vary { $0.tokenName = "other" }
        vary { $0.endpoint = .legacy }
        vary { $0.verification = .disabled }
        vary { $0.rotateEvery = nil }
        vary { $0.reapplyEvery = .seconds(7) }
        vary { $0.rotationMethod = .replace }
        try vary { $0.rotationWindow = try RotationWindow(parsing: "daily 01:00-02:00 UTC") }
        vary { $0.rotateBefore = Sample.at(1) }
        vary { $0.rotateAfterReveal = .seconds(3600) }
        vary { $0.operatorPINName = "p" }
        vary { $0.tokenMark = "m" }
        for variant in variants {
            let store = try Sample.store(1)
            let adoption = try store.adopt(Sample.state([variant]), at: Sample.now)
            #expect(adoption.difference.changed == [base.number], "\(variant)")
            #expect(try store.required(1).desired == variant)
        }
    }

    @Test func `only the rows that differ are written`() throws {
        let store = try Sample.store(500)
        var entries = try (1...500).map { try Sample.desired($0) }
        entries[250].label = "changed"
        let before = store.queue.inDatabase(\.totalChangesCount)
        _ = try store.adopt(Sample.state(entries, sha: "b"), at: Sample.now)
        // One number, one revision, one event with its link in the audit chain, and the state of the last load.
        #expect(store.queue.inDatabase(\.totalChangesCount) - before == 5)
        let revisions = try store.queue.read {
            try Int.fetchAll($0, sql: "SELECT count(*) FROM numbers GROUP BY desired_revision ORDER BY 1")
        }
        #expect(revisions == [1, 499])
    }

    @Test func `a load that fails is remembered, told once, and forgotten by the next good one`() throws {
        let store = try Sample.store(1)
        for second in 1...2 {
            try store.recordLoadFailure(
                sha256: nil, source: "/etc/f.yaml", problem: "f.yaml:3:1: error: no\n  caret", at: Sample.at(second))
        }
        var status = try store.reader.desiredStateStatus()
        #expect(status.isValid == false)
        #expect(status.problem == "f.yaml:3:1: error: no\n  caret")
        #expect(status.lastLoadAt == Sample.at(2))
        #expect(status.revision == 1)
        #expect(try store.reader.events(limit: 9).map(\.entry.kind) == [.configurationRefused, .configurationAccepted])
        try store.recordLoadFailure(
            sha256: nil, source: "f", problem: String(repeating: "y", count: 90_000), at: Sample.at(3))
        #expect(try store.reader.desiredStateStatus().problem?.count == TextLimit.problem)
        #expect(try store.count("events") == 3)
        _ = try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.at(4))
        status = try store.reader.desiredStateStatus()
        #expect(status.isValid == true)
        #expect(status.problem == nil)
    }
}
