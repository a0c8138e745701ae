import GRDB
import Planning
import Testing

@testable import Storage

struct StoreReaderDueTests {
    /// Returns a store with six numbers: 1 and 2 due later, 3 to 5 due now, 6 due now and exposed.
    private func store() throws -> Store {
        let store = try Sample.store(6)
        for (index, seconds) in [(1, 100), (2, 50), (3, -1), (4, -3), (5, -3)] {
            var record = try store.required(index)
            record.dueAt = Sample.at(seconds)
            try store.commit([.reschedule(record)])
        }
        try expose(6, store)
        return store
    }

    private func expose(_ index: Int, _ store: Store, because reason: DecisionReason = .rotationDue) throws {
        var record = try store.required(index)
        record.cycle = NumberRecord.Cycle(since: Sample.now, reason: reason)
        try store.commit([.save(record, newGeneration: nil, touched: [])])
    }

    private func indexes(_ page: DuePage) throws -> [Int] {
        try page.records.map { record in
            try #require(try (1...6).first { try Sample.number($0) == record.number })
        }
    }

    @Test func `exposed numbers come first, then by due time, then by number`() throws {
        let page = try store().reader.load(.due(limit: 10, excluding: []), at: Sample.now)
        #expect(try indexes(page) == [6, 4, 5, 3])
        #expect(page.nextDueAt == Sample.at(50))
        #expect(page.failures.isEmpty)
    }

    @Test func `a page that is cut says that more is due`() throws {
        let store = try store()
        let page = try store.reader.load(.due(limit: 2, excluding: []), at: Sample.now)
        #expect(try indexes(page) == [6, 4])
        #expect(page.backlog == [try Self.group(.ordinary)])
        let rest = try store.reader.load(.due(limit: 2, excluding: Set(page.records.map(\.number))), at: Sample.now)
        #expect(try indexes(rest) == [5, 3])
        #expect(rest.nextDueAt == Sample.at(50) && rest.backlog.isEmpty)
    }

    private static func group(_ urgency: Urgency) throws -> DueGroup {
        DueGroup(account: Account(of: try Sample.desired(1)), urgency: urgency)
    }

    @Test func `a group without room is left in the store, and the others come`() throws {
        let store = try store()
        let ordinary = try Self.group(.ordinary)
        let room = DueRoom(perGroup: 2, atWork: [ordinary: 1])
        let page = try store.reader.load(.due(limit: 10, excluding: [], room: room), at: Sample.now)
        #expect(try indexes(page) == [6, 4])
        #expect(page.backlog == [ordinary] && page.nextDueAt == nil)
        let full = DueRoom(perGroup: 2, atWork: [ordinary: 2])
        #expect(try indexes(try store.reader.load(.due(limit: 10, excluding: [], room: full), at: Sample.now)) == [6])
    }

    @Test func `each endpoint gets its part of a page, by urgency`() throws {
        let store = try Sample.store(6)
        let entries = try (1...6).map { index in
            var desired = try Sample.desired(index)
            if index > 3 { desired.endpoint = Endpoint(text: "https://b.example/") }
            if index == 3 { desired.verification = .disabled }
            return desired
        }
        try store.adopt(Sample.state(entries, sha: "b"), at: Sample.now)
        let page = try store.reader.load(.due(limit: 3, excluding: []), at: Sample.now)
        #expect(try indexes(page).first == 3)
        #expect(Set(page.records.compactMap(\.desired?.endpoint)).count == 2)
        #expect(page.records.count == 3)
    }

    @Test func `excluded numbers are neither returned nor waited for`() throws {
        let store = try store()
        let busy = Set(try [2, 4, 6].map { try Sample.number($0) })
        let page = try store.reader.load(.due(limit: 10, excluding: busy), at: Sample.now)
        #expect(try indexes(page) == [5, 3])
        #expect(page.nextDueAt == Sample.at(100))
        let all = Set(try (1...6).map { try Sample.number($0) })
        #expect(try store.reader.load(.due(limit: 10, excluding: all), at: Sample.now).nextDueAt == nil)
    }

    @Test func `a number whose row cannot be read does not stop the others`() throws {
        let store = try store()
        try store.execute("UPDATE numbers SET rotation_window = 'x' WHERE number = '\(try Sample.number(6))'")
        try store.addGeneration(1, "284715", to: 4)
        try store.execute("UPDATE pins SET created_at = '2026-13-01T00:00:00.000Z'")
        let page = try store.reader.load(.due(limit: 10, excluding: []), at: Sample.now)
        #expect(try indexes(page) == [5, 3])
        #expect(page.failures.map(\.number) == [try Sample.number(6), try Sample.number(4)])
        #expect(page.failures[0].message.contains("rotation_window") && page.failures[1].message.contains("created_at"))
        #expect(page.nextDueAt == Sample.at(50))
    }

    @Test func `a PIN that cannot be opened leaves its number's record readable`() throws {
        let store = try store()
        try store.addGeneration(1, "284715", to: 4)
        try store.addGeneration(2, "284716", to: 4)
        let whole = try store.required(4)
        // One altered, and one sealed under a key that is not the store's.
        try store.execute("UPDATE pins SET sealed = zeroblob(34) WHERE generation = 1")
        try store.execute("UPDATE pins SET key_id = 'another' WHERE generation = 2")
        var expected = whole
        expected.generations = whole.generations.map {
            PINGeneration(
                generation: $0.generation, pin: nil, isUnreadable: true, origin: $0.origin, createdAt: $0.createdAt)
        }
        let page = try store.reader.load(.due(limit: 10, excluding: []), at: Sample.now)
        #expect(page.failures.isEmpty)
        #expect(page.records.first { $0.number == whole.number } == expected)
        #expect(try store.required(4) == expected)
        #expect(try store.reader.load(.numbers([whole.number]), at: Sample.now).records == [expected])
        #expect(throws: StorageError.self) { try store.reader.pin(of: whole.number, generation: 1) }
        // The number stays manageable: its belief is saved as before.
        var reset = expected.obeying(.reset, toFleet: false, at: Sample.now)
        reset.belief = Belief(maybeOff: true, maybeForeign: false, generations: [])
        try store.commit([.save(reset, newGeneration: nil, touched: [1, 2])])
        #expect(try store.required(4).belief.elements == ["off"])
    }

    @Test func `numbers with a window that rest are loaded page by page, without a walk through the others`() throws {
        let store = try store()
        #expect(try store.reader.hasWindows() == false)
        let entries = try (1...6).map { index in
            var desired = try Sample.desired(index)
            if [1, 2, 4, 6].contains(index) {
                desired.rotationWindow = try RotationWindow(parsing: "daily 09:00-17:00 UTC")
            }
            return desired
        }
        try store.adopt(Sample.state(entries, sha: "b"), at: Sample.now)
        for index in [1, 2, 3, 6] {
            var record = try store.required(index)
            record.dueAt = Sample.at(100)
            try store.commit([.reschedule(record)])
        }
        #expect(try store.reader.hasWindows())
        let first = try store.reader.load(.windowed(limit: 2, after: nil), at: Sample.now)
        #expect(try indexes(first) == [1, 2] && first.nextDueAt == nil)
        let rest = try store.reader.load(.windowed(limit: 2, after: first.records.last?.number), at: Sample.now)
        #expect(try indexes(rest) == [6], "4 is due as it is, and 3 has no window")
        let plan = try store.queue.read { db in
            try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(StoreReader.windowAhead)", arguments: ["", "", 2])
                .map { $0["detail"] as String }
        }
        #expect(plan.count == 1 && plan[0].contains("INDEX numbers_windowed"), "\(plan)")
        // Numbers that have left the desired state have no window in force.
        try store.adopt(Sample.state([entries[2]], sha: "c"), at: Sample.now)
        #expect(try store.reader.hasWindows() == false)
    }

    @Test func `named numbers are loaded in their order, due or not, managed or not`() throws {
        let store = try store()
        try store.adopt(Sample.state(try (2...6).map { try Sample.desired($0) }, sha: "b"), at: Sample.now)
        let page = try store.reader.load(
            .numbers(try [5, 1, 9, 2].map { try Sample.number($0) }), at: Sample.now)
        #expect(try indexes(page) == [5, 1, 2])
        let expected = try [5, 1, 2].map { try store.required($0) }
        #expect(page.records == expected)
    }

    @Test func `the queries of what is due walk an index and sort nothing`() throws {
        let store = try store()
        for sql in [StoreReader.nextGroup, StoreReader.groupInTurn] {
            let plan = try store.queue.read { db in
                try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN \(sql)", arguments: ["z", 1])
                    .map { $0["detail"] as String }
            }
            #expect(
                plan.count == 1 && plan[0].contains("SEARCH numbers USING COVERING INDEX numbers_by_turn"), "\(plan)")
        }
    }

    @Test func `exposed are the managed numbers in a cycle that should be enabled and may be off`() throws {
        let store = try store()
        try expose(5, store)
        try expose(4, store)
        var off = try Sample.desired(4)
        off.verification = .disabled
        _ = try store.adopt(Sample.state([off, try Sample.desired(6)], sha: "b"), at: Sample.now)
        #expect(try store.reader.numbersInOpenCycles() == [try Sample.number(6)])
    }

    @Test func `a number that was off before it was to be enabled is not exposed by us`() throws {
        let store = try store()
        try expose(4, store)
        #expect(try store.reader.numbersInOpenCycles() == [try Sample.number(4), try Sample.number(6)])
        try expose(4, store, because: .enabling)
        #expect(try store.reader.numbersInOpenCycles() == [try Sample.number(6)])
        #expect(try store.required(4).cycle?.isOurs == false)
    }

    @Test func `recent writes are those of the last hour that may have reached the vendor`() throws {
        let store = try Sample.store(1)
        let times = [-7200, -3500, -1000, -10]
        for (id, seconds) in zip(Int64(1)..., times) {
            try store.commit([.openChange(try Sample.change(id, 1, sentAt: Sample.at(seconds)))])
        }
        try store.commit([
            .closeChange(id: 3, answeredAt: Sample.now, outcome: Outcome(.connectionRefused)),
            .closeChange(id: 4, answeredAt: Sample.now, outcome: Outcome(.rateLimited)),
        ])
        #expect(try store.required(1).recentWrites == [Sample.at(-3500), Sample.at(-10)])
    }

    @Test func `of many generations the newest ten and every possibly live one are loaded`() throws {
        let store = try Sample.store(1)
        for generation in 1...15 {
            try store.addGeneration(generation, "\(200_000 + generation)", to: 1)
        }
        var record = try store.required(1)
        #expect(record.generations.map(\.generation) == Array(1...15))
        record.belief = Belief(maybeOff: false, maybeForeign: false, generations: [3, 15])
        try store.commit([.save(record, newGeneration: nil, touched: Array(1...15))])
        record = try store.required(1)
        #expect(record.generations.map(\.generation) == [3] + Array(6...15))
        #expect(record.generation(3)?.pin == (try Sample.pin("200003")))
        #expect(try store.reader.pins(of: record.number, limit: 2).map(\.generation.generation) == [15, 14])
    }
}
