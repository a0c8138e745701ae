import GRDB
import Planning
import Testing

@testable import Storage

/// Orders on rows do what the core does to records.
struct StoreOrderTests {
    private static let pause = Pause(since: Sample.at(5), by: "ops (uid 1000)", reason: "why", includesExposed: true)

    private static let orders: [Order] = [
        .pause(pause), .resume, .rotate(before: Sample.at(40)), .rotate(before: Sample.at(-40)), .reapply, .reset,
    ]

    /// A number that has something of everything that an order may touch.
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
            record.rotateBefore = Sample.at(0)
            record.dueAt = Sample.at(3600)
            // With a PIN an order may come before the one that stands, without one it never does.
            let pin =
                index == 3
                ? PINGeneration(
                    generation: 1, pin: try Sample.pin("482913"), origin: .generated, createdAt: Sample.at(-100)) : nil
            record.generations = pin.map { [$0] } ?? []
            try store.commit([.save(record, newGeneration: pin, touched: [])])
        }
        return store
    }

    @Test(arguments: orders)
    func `An order for some numbers changes their rows as the core changes their records, and makes them due`(
        _ order: Order
    ) throws {
        let store = try Self.store()
        let before = try (1...3).map { try store.required($0) }
        try store.commit([.order(order, .numbers([try Sample.number(1), try Sample.number(3)]), at: Sample.at(10))])
        for (index, record) in before.enumerated() {
            var expected = record
            if index != 1 {
                expected = record.obeying(order, now: Sample.at(10))
                expected.dueAt = Sample.at(10)
            }
            #expect(try store.required(index + 1) == expected)
        }
    }

    @Test(arguments: orders)
    func `An order for all reaches every managed number and no other; a pause of all is the fleet's`(
        _ order: Order
    ) throws {
        let store = try Self.store()
        _ = try store.adopt(Sample.state([try Sample.desired(1), try Sample.desired(2)], sha: "b"), at: Sample.at(6))
        let before = try (1...3).map { try store.required($0) }
        try store.commit([.order(order, .all, at: Sample.at(10))])
        switch order {
        case .pause(let pause):
            #expect(try store.reader.fleetPause() == pause)
            #expect(try (1...3).map { try store.required($0) } == before)
            try store.commit([.order(.resume, .all, at: Sample.at(11))])
            #expect(try store.reader.fleetPause() == nil)
        case .resume: #expect(try (1...3).map { try store.required($0) } == before)
        case .rotate, .reapply, .reset:
            for index in 0..<2 {
                var expected = before[index].obeying(order, now: Sample.at(10))
                expected.dueAt = Sample.at(10)
                #expect(try store.required(index + 1) == expected)
            }
            #expect(try store.required(3) == before[2])
        }
    }

    @Test func `The end of the fleet's pause makes the numbers due that it held back`() throws {
        let store = try Sample.store(2)
        for index in 1...2 {
            var record = try store.required(index)
            record.dueAt = index == 1 ? nil : Sample.at(3600)
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        try store.commit([.order(.pause(Self.pause), .all, at: Sample.at(5))])
        try store.commit([.order(.resume, .all, at: Sample.at(10))])
        #expect(try store.required(1).dueAt == Sample.at(10))
        #expect(try store.required(2).dueAt == Sample.at(3600), "it was not held back")
    }

    @Test func `An order and its event are one commit`() throws {
        let store = try Sample.store(1)
        let entry = EventEntry(at: Sample.at(5), kind: .paused, actor: "ops", detail: "why")
        try store.commit([.order(.pause(Self.pause), .all, at: Sample.at(5)), .event(entry)])
        let event = try #require(try store.reader.events(limit: 1).first?.entry)
        #expect(event == entry)
    }
}
