import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

struct StoreCommitTests {
    /// Returns a record with a value in every field that a commit writes.
    private func fullRecord(_ store: Store) throws -> (NumberRecord, [PINGeneration]) {
        let number = try Sample.number(1)
        var first = PINGeneration(
            generation: 1, pin: try Sample.pin("284715"), origin: .generated, createdAt: Sample.at(1))
        let second = PINGeneration(
            generation: 2, pin: try Sample.pin("012345"), origin: .operator(name: "known"), createdAt: Sample.at(2),
            liveFrom: Sample.at(3))
        first.liveFrom = Sample.at(4)
        first.liveUntil = Sample.at(5)
        var record = try store.required(1)
        record.belief = Belief(
            maybeOff: true, maybeForeign: false, generations: [2],
            doubts: [.init(effect: .off, since: Sample.at(6)), .init(effect: .on(2), since: Sample.at(7))])
        record.generations = [first, second]
        record.lastAccepted = .on(2)
        record.refusals = NumberRecord.Refusals(action: .enable, count: 2)
        record.attempts = 3
        record.retryAt = Sample.at(8)
        record.cycle = NumberRecord.Cycle(since: Sample.at(9), reason: .rotationDue)
        record.appliedAt = Sample.at(10)
        record.rotatedAt = Sample.at(11)
        record.lastFailure = .timeout
        record.lastError = "timeout"
        record.orderedRotation = NumberRecord.OrderedRotation(through: 2, at: Sample.at(13))
        record.pause = Pause(since: Sample.at(14), by: "ops (uid 1000)", reason: "why", includesExposed: true)
        record.dueAt = Sample.at(12)
        #expect(record.number == number)
        return (record, [first, second])
    }

    @Test func `every field of a record comes back as it was saved`() throws {
        let store = try Store.inMemory(key: Sample.key)
        let window = try RotationWindow(parsing: "Mon-Fri 09:00-17:00 Europe/Rome")
        let desired = DesiredNumber(
            number: try Sample.number(1), label: "support", tokenName: "t",
            endpoint: .url("http://127.0.0.1:8080/api"), verification: .disabled, rotateEvery: nil,
            reapplyEvery: .milliseconds(1500), rotationMethod: .replace, rotationWindow: window,
            rotateBefore: Sample.at(77), operatorPINName: "known",
            rotateAfterReveal: .seconds(5400))
        _ = try store.adopt(Sample.state([desired]), at: Sample.now)
        #expect(try store.required(1).desired == desired)
        let (record, generations) = try fullRecord(store)
        var earlier = record
        earlier.belief = Belief(maybeOff: true, maybeForeign: true, generations: [1])
        earlier.generations = [generations[0]]
        var second = record
        second.version += 1
        try store.commit([
            .save(earlier, newGeneration: generations[0], touched: [1]),
            .save(second, newGeneration: generations[1], touched: [1, 2]),
        ])
        second.version += 1
        #expect(try store.required(1) == second)
    }

    @Test func `absent values come back absent`() throws {
        let store = try Sample.store(1)
        let (record, generations) = try fullRecord(store)
        var first = record
        first.belief = Belief(maybeOff: true, maybeForeign: true, generations: [1])
        var second = record
        second.version += 1
        try store.commit([
            .save(first, newGeneration: generations[0], touched: []),
            .save(second, newGeneration: generations[1], touched: [1]),
        ])
        var bare = NumberRecord(number: record.number, version: second.version + 1, desired: record.desired)
        bare.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        bare.generations = record.generations
        try store.commit([.save(bare, newGeneration: nil, touched: [2])])
        bare.version += 1
        #expect(try store.required(1) == bare)
    }

    @Test func `a generation forgotten by the writer is noticed, and nothing is kept`() throws {
        let store = try Sample.store(1)
        try store.addGeneration(1, "284715", to: 1)
        let before = try store.required(1)
        var narrowed = before
        narrowed.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        narrowed.attempts = 9
        #expect(throws: StorageError.self) { try store.commit([.save(narrowed, newGeneration: nil, touched: [])]) }
        #expect(try store.required(1) == before)
        try store.commit([.save(narrowed, newGeneration: nil, touched: [1])])
        #expect(try store.required(1).attempts == 9)
    }

    @Test func `a commit that fails at its end leaves nothing of itself`() throws {
        let store = try Sample.store(1)
        let before = try store.required(1)
        var record = before
        record.attempts = 5
        let event = EventEntry(at: Sample.now, kind: .started, detail: "begins")
        let events = try store.count("events")
        #expect(throws: StorageError.self) {
            try store.commit([
                .save(record, newGeneration: nil, touched: []), .event(event),
                .openChange(try Sample.change(1, 1)),
                .closeChange(id: 99, answeredAt: Sample.now, outcome: Outcome(.success)),
            ])
        }
        #expect(try store.required(1) == before)
        #expect(try store.count("changes") == 0)
        #expect(try store.count("events") == events)
    }

    @Test func `a request is opened, answered, and shown with everything that was seen`() throws {
        let store = try Sample.store(2)
        try store.addGeneration(1, "284715", to: 1)
        var entry = try Sample.change(1, 1, generation: 1)
        #expect(try store.reader.nextChangeID() == 1)
        try store.commit([.openChange(entry), .openChange(try Sample.change(2, 2))])
        #expect(try store.reader.unansweredChanges().map(\.id) == [1, 2])
        #expect(try store.reader.nextChangeID() == 3)
        let outcome = Outcome(
            .rateLimited, httpStatus: 429, apiStatus: 7, message: "slow down", retryAfter: .seconds(90))
        try store.commit([.closeChange(id: 1, answeredAt: Sample.at(2), outcome: outcome)])
        entry.answeredAt = Sample.at(2)
        entry.outcome = outcome
        #expect(try store.reader.history(of: entry.number, limit: 10) == [entry])
        #expect(try store.reader.history(limit: 1).map(\.id) == [2])
        #expect(try store.reader.history(limit: 10, before: 2) == [entry])
        #expect(try store.reader.unansweredChanges().map(\.id) == [2])
    }

    @Test func `a request of an unknown number or generation is refused`() throws {
        let store = try Sample.store(1)
        #expect(throws: StorageError.self) { try store.commit([.openChange(try Sample.change(1, 5))]) }
        #expect(throws: StorageError.self) { try store.commit([.openChange(try Sample.change(1, 1, generation: 4))]) }
        #expect(throws: StorageError.self) {
            try store.commit([.reschedule(NumberRecord(number: try Sample.number(5), dueAt: Sample.now))])
        }
        #expect(try store.count("changes") == 0)
    }

    @Test func `only the due time is written by a reschedule`() throws {
        let store = try Sample.store(1)
        var expected = try store.required(1)
        var other = expected
        other.attempts = 9
        other.dueAt = Sample.at(500)
        try store.commit([.reschedule(other)])
        expected.dueAt = Sample.at(500)
        expected.version += 1
        #expect(try store.required(1) == expected)
    }

    @Test func `what was made from an older version of a row is dropped as a whole, and the row stays`() throws {
        let store = try Sample.store(2)
        let old = try store.required(1)
        var newer = old
        newer.attempts = 1
        try store.commit([.save(newer, newGeneration: nil, touched: [])])
        let kept = try store.required(1)
        #expect(kept.version == old.version + 1)
        let outdated = StorageError.outdated(number: old.number)
        let event = StoreMutation.event(EventEntry(at: Sample.now, kind: .started, detail: "x"))
        let events = try store.count("events")
        for late in [StoreMutation.save(old, newGeneration: nil, touched: []), .reschedule(old)] {
            #expect(throws: outdated) { try store.commit([event, late]) }
        }
        // A record from a version that never existed is refused as well.
        var ahead = kept
        ahead.version += 1
        #expect(throws: outdated) { try store.commit([.save(ahead, newGeneration: nil, touched: [])]) }
        #expect(outdated.commitFailure == .outdated)
        #expect(try store.required(1) == kept)
        #expect(try store.count("events") == events)
    }

    @Test func `a record of before its number's removal is not saved over it`() throws {
        let store = try Sample.store(2)
        let managed = try store.required(1)
        try store.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.now)
        for late in [StoreMutation.save(managed, newGeneration: nil, touched: []), .reschedule(managed)] {
            #expect(throws: StorageError.outdated(number: managed.number)) { try store.commit([late]) }
        }
        #expect(try store.required(1).dueAt == nil)
    }

    @Test func `what does not fit one number's rows is no outage`() throws {
        let store = try Sample.store(1)
        let pin = PINGeneration(generation: 1, pin: try Sample.pin("284715"), origin: .generated, createdAt: Sample.now)
        // A row that another process wrote meanwhile: the record does not contain its generation.
        let record = try store.required(1)
        try store.addGeneration(1, "918273", to: 1)
        var late = try store.required(1)
        late.generations = record.generations
        late.belief = record.belief
        for mutation in [
            StoreMutation.save(late, newGeneration: nil, touched: []),
            .save(late, newGeneration: pin, touched: []),
            .save(late, newGeneration: nil, touched: [5]),
        ] {
            let error = #expect(throws: StorageError.self) { try store.commit([mutation]) }
            guard case .refused(let message) = try #require(error).commitFailure else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(!message.isEmpty)
        }
    }

    @Test func `long texts of others are bounded to one line`() throws {
        let store = try Sample.store(1)
        var record = try store.required(1)
        record.lastError = String(repeating: "x", count: 5000) + "\nmore"
        try store.commit([
            .save(record, newGeneration: nil, touched: []),
            .event(EventEntry(at: Sample.now, kind: .pinRevealed, actor: "ops", detail: "why\nforged line")),
        ])
        #expect(try store.required(1).lastError?.count == TextLimit.line)
        #expect(try store.reader.events(limit: 1).first?.entry.detail == "why")
    }
}
