import GRDB
import Planning
import Testing

@testable import Storage

/// Orders change rows exactly as the core changes the records.
struct StoreOrderTests {
    private static let pause = Pause(since: Sample.at(5), by: "ops (uid 1000)", reason: "why", includesExposed: true)

    private static let orders: [Order] = [
        .pause(pause), .resume, .rotate(before: Sample.at(40)), .rotate(before: Sample.at(-40)), .reapply, .reset,
    ]

    /// Returns a store whose numbers have a value in everything that an order may change.
    private static func store() throws -> Store {
        let store = try Sample.store(3)
        for index in 1...3 {
            var record = try store.required(index)
            record.belief = Belief(maybeOff: false, maybeForeign: true, generations: [])
            record.attempts = 4
            record.retryAt = Sample.at(3600)
            record.refusals = NumberRecord.Refusals(action: .disable, count: 2)
            record.lastFailure = .vendorRefused
            record.lastAccepted = .off
            record.appliedAt = Sample.at(-5)
            record.orderedRotation = NumberRecord.OrderedRotation(through: 0, at: Sample.at(0))
            record.dueAt = Sample.at(3600)
            // With a PIN, an order may be earlier than the existing one; without a PIN it never is.
            let pin =
                index == 3
                ? PINGeneration(
                    generation: 1, pin: try Sample.pin("482913"), origin: .generated, createdAt: Sample.at(-100)) : nil
            record.generations = pin.map { [$0] } ?? []
            try store.commit([.save(record, newGeneration: pin, touched: [])])
        }
        return store
    }

    /// Returns the record that the core makes for an order, with the version of its row, written or not.
    private static func expected(_ record: NumberRecord, _ order: Order, toFleet: Bool) -> NumberRecord {
        var next = record.obeying(order, toFleet: toFleet, at: Sample.at(10))
        if next != record { next.version += 1 }
        return next
    }

    @Test(arguments: orders)
    func `An order for some numbers is carried out on their rows, each written once however often it is named`(
        _ order: Order
    ) throws {
        let store = try Self.store()
        let before = try (1...3).map { try store.required($0) }
        let receipt = try store.commit([
            .order(order, .numbers(try [3, 1, 3, 9].map { try Sample.number($0) }), at: Sample.at(10))
        ])
        #expect(receipt == CommitReceipt())
        for (index, record) in before.enumerated() {
            let expected = index == 1 ? record : Self.expected(record, order, toFleet: false)
            #expect(try store.required(index + 1) == expected)
        }
    }

    @Test(arguments: orders)
    func `An order for all reaches every managed number and no other; a pause of all is the fleet's`(
        _ order: Order
    ) throws {
        let store = try Self.store()
        try store.adopt(Sample.state([try Sample.desired(1), try Sample.desired(2)], sha: "b"), at: Sample.at(6))
        let before = try (1...3).map { try store.required($0) }
        #expect(try store.commit([.order(order, .all, at: Sample.at(10))]) == CommitReceipt())
        for (index, record) in before.enumerated() {
            #expect(try store.required(index + 1) == Self.expected(record, order, toFleet: true))
        }
        #expect(try store.required(3) == before[2], "it is not managed")
        switch order {
        case .pause(let pause):
            #expect(try store.reader.fleetPause() == pause)
            #expect(try (1...3).map { try store.required($0) } == before)
            try store.commit([.order(.resume, .all, at: Sample.at(11))])
            #expect(try store.reader.fleetPause() == nil)
        case .resume: #expect(try (1...3).map { try store.required($0) } == before)
        case .rotate, .reapply, .reset, .observe: #expect(try store.version(1) == before[0].version + 1)
        }
    }

    @Test func `An order for more numbers than are loaded at once reaches all of them`() throws {
        let count = 2 * Store.rowsAtOnce + 1
        let store = try Sample.store(count)
        try store.commit([.order(.rotate(before: Sample.at(7)), .all, at: Sample.at(10))])
        #expect(try store.texts("SELECT DISTINCT rotate_at FROM numbers") == [Sample.at(7).description])
        try store.commit([
            .order(.pause(Self.pause), .numbers(try (1...count).map { try Sample.number($0) }), at: Sample.at(10))
        ])
        #expect(try store.texts("SELECT DISTINCT pause_reason FROM numbers") == ["why"])
        #expect(try store.texts("SELECT DISTINCT version FROM numbers") == ["3"])
    }

    @Test func `The end of the fleet's pause makes the numbers due that it held back`() throws {
        let store = try Sample.store(2)
        for index in 1...2 {
            var record = try store.required(index)
            record.dueAt = index == 1 ? nil : Sample.at(3600)
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        let before = try (1...2).map { try store.required($0) }
        try store.commit([.order(.pause(Self.pause), .all, at: Sample.at(5))])
        try store.commit([.order(.resume, .all, at: Sample.at(10))])
        #expect(try store.required(1).dueAt == Sample.at(10))
        #expect(try store.required(1).version == before[0].version + 1)
        #expect(try store.required(2) == before[1], "it was not held back")
    }

    @Test func `An order that was given while a record was worked on is not lost to the save of that record`() throws {
        let store = try Sample.store(1)
        var worked = try store.required(1)
        worked.attempts = 1
        try store.commit([.order(.rotate(before: Sample.at(40)), .numbers([worked.number]), at: Sample.at(10))])
        #expect(throws: StorageError.outdated(number: worked.number)) {
            try store.commit([.save(worked, newGeneration: nil, touched: [])])
        }
        #expect(try store.required(1).orderedRotation?.at == Sample.at(40))
        // Read again, it is saved with the order in it.
        var again = try store.required(1)
        again.attempts = 1
        try store.commit([.save(again, newGeneration: nil, touched: [])])
        #expect(try store.required(1).orderedRotation?.at == Sample.at(40))
    }

    @Test func `An order for the fleet leaves out what cannot be read and says so; one that names it is refused`()
        throws
    {
        let store = try Sample.store(3)
        try store.execute("UPDATE numbers SET last_accepted = 'maybe' WHERE number = '\(try Sample.number(2))'")
        let receipt = try store.commit([.order(.reapply, .all, at: Sample.at(10))])
        #expect(receipt.unreadable.map(\.number) == [try Sample.number(2)])
        #expect(receipt.unreadable.first?.message.contains("last_accepted") == true)
        #expect(try [1, 2, 3].map { try store.version($0) } == [2, 1, 2])
        let error = #expect(throws: StorageError.self) {
            try store.commit([
                .order(.reset, .numbers(try (1...3).map { try Sample.number($0) }), at: Sample.at(20))
            ])
        }
        guard case .refused(let message) = try #require(error).commitFailure else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(message.contains(try Sample.number(2).description))
        #expect(try [1, 2, 3].map { try store.version($0) } == [2, 1, 2], "nothing of it was kept")
    }

    @Test func `An order and its event are one commit`() throws {
        let store = try Sample.store(1)
        let entry = EventEntry(at: Sample.at(5), kind: .paused, actor: "ops", detail: "why")
        try store.commit([.order(.pause(Self.pause), .all, at: Sample.at(5)), .event(entry)])
        let event = try #require(try store.reader.events(limit: 1).first?.entry)
        #expect(event == entry)
    }
}
