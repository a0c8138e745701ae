import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

struct StoreCommitTests {
    /// A record with something in every field that a commit writes.
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
        record.lastError = "timeout"
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
        try store.commit([
            .save(earlier, newGeneration: generations[0], touched: [1]),
            .save(record, newGeneration: generations[1], touched: [1, 2]),
        ])
        #expect(try store.required(1) == record)
    }

    @Test func `absent values come back absent`() throws {
        let store = try Sample.store(1)
        let (record, generations) = try fullRecord(store)
        var first = record
        first.belief = Belief(maybeOff: true, maybeForeign: true, generations: [1])
        try store.commit([
            .save(first, newGeneration: generations[0], touched: []),
            .save(record, newGeneration: generations[1], touched: [1]),
        ])
        var bare = NumberRecord(number: record.number, desired: record.desired)
        bare.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        bare.generations = record.generations
        try store.commit([.save(bare, newGeneration: nil, touched: [2])])
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
            try store.commit([.reschedule(try Sample.number(5), dueAt: Sample.now)])
        }
        #expect(try store.count("changes") == 0)
    }

    @Test func `only the due time is written by a reschedule, and never for an unmanaged number`() throws {
        let store = try Sample.store(2)
        var expected = try store.required(1)
        try store.commit([.reschedule(expected.number, dueAt: Sample.at(500))])
        expected.dueAt = Sample.at(500)
        #expect(try store.required(1) == expected)
        _ = try store.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.now)
        try store.commit([
            .reschedule(expected.number, dueAt: Sample.at(9)), .save(expected, newGeneration: nil, touched: []),
        ])
        #expect(try store.required(1).dueAt == nil)
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
