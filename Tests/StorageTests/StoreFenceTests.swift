import Planning
import Testing

@testable import Storage

/// What a start and an operator's word about the clock do to all records at once.
struct StoreFenceTests {
    /// Three numbers: 1 has a PIN, 3 is unmanaged; all of them had requests accepted, and wait.
    private func store(in directory: StateDirectory) throws -> Store {
        let store = try Store.open(at: directory.location, key: Sample.key)
        try store.adopt(Sample.state(try (1...3).map { try Sample.desired($0) }), at: Sample.now)
        try store.addGeneration(1, "284715", to: 1)
        for index in 1...3 {
            var record = try store.required(index)
            record.belief = Belief(maybeOff: index != 1, maybeForeign: false, generations: index == 1 ? [1] : [])
            record.lastAccepted = index == 1 ? .on(1) : .off
            record.retryAt = Sample.at(900)
            record.dueAt = Sample.at(900)
            try store.commit([.save(record, newGeneration: nil, touched: index == 1 ? [1] : [])])
        }
        try store.adopt(Sample.state(try (1...2).map { try Sample.desired($0) }, sha: "b"), at: Sample.now)
        return store
    }

    private func expected(_ record: NumberRecord, at second: Int) -> NumberRecord {
        var next = record.restored(at: Sample.at(second))
        next.version += 1
        return next
    }

    @Test func `a restored store makes of every record what the core says, and a start of the same store nothing`()
        throws
    {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        #expect(try store.passFence(at: directory.location, now: Sample.at(5)) == .current)
        let before = try (1...3).map { try store.required($0) }
        try store.execute("UPDATE store_state SET start_count = 0")
        #expect(try store.passFence(at: directory.location, now: Sample.at(10)) == .behind(starts: 0, fence: 1))
        for (index, record) in before.enumerated() {
            #expect(try store.required(index + 1) == expected(record, at: 10))
        }
        #expect(try store.required(1).belief.elements == ["off", "foreign", "on(1)"])
        #expect(try store.required(3).dueAt == nil)
        #expect(try store.reader.events(limit: 1).map(\.entry.kind) == [.storeRestored])
        let after = try (1...3).map { try store.required($0) }
        #expect(try store.passFence(at: directory.location, now: Sample.at(20)) == .current)
        #expect(try (1...3).map { try store.required($0) } == after)
    }

    @Test func `a record that cannot be read keeps no restored store from starting`() throws {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        _ = try store.passFence(at: directory.location, now: Sample.at(5))
        let before = try [1, 3].map { try store.required($0) }
        try store.execute(
            """
            UPDATE numbers SET cycle_since = due_at, cycle_reason = '?', maybe_off = 0
                WHERE number = '\(try Sample.number(2))';
            UPDATE store_state SET is_copy = 1
            """)
        #expect(throws: StorageError.self) { try store.required(2) }
        let version = try store.version(2)
        #expect(try store.passFence(at: directory.location, now: Sample.at(10)) == .copy)
        let after = try [1, 3].map { try store.required($0) }
        #expect(after == before.map { expected($0, at: 10) })
        let events = try store.reader.events(limit: 2).map(\.entry)
        #expect(events.map(\.kind) == [.recordUnreadable, .storeRestored])
        #expect(events[0].number == (try Sample.number(2)) && events[0].detail.contains("cycle_reason"))
        #expect(try store.version(2) == version.map { $0 + 1 })
        #expect(try store.texts("SELECT due_at FROM numbers WHERE cycle_reason = '?'") == [Sample.at(10).description])
        try store.execute("UPDATE numbers SET cycle_since = NULL, cycle_reason = NULL")
        #expect(try store.required(2).belief.elements == ["off", "foreign"])
    }

    @Test
    func `an accepted clock ends waits and makes due what waits for an instant that is to come, readable or not`()
        throws
    {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        var early = try store.required(2)
        early.dueAt = Sample.at(100)
        try store.commit([.reschedule(early)])
        let before = try (1...3).map { try store.required($0) }
        #expect(try store.acceptClock(at: Sample.at(500), actor: "ops") == 3)
        let accepted = before.map { record in
            var next = record.clockAccepted(at: Sample.at(500))
            next.version += 1
            return next
        }
        #expect(accepted.map(\.dueAt) == [Sample.at(500), Sample.at(500), nil])
        #expect(accepted.allSatisfy { $0.retryAt == nil })
        #expect(try (1...3).map { try store.required($0) } == accepted)
        #expect(try store.acceptClock(at: Sample.at(501), actor: "ops") == 0)
        #expect(try (1...3).map { try store.required($0) } == accepted, "nothing lies ahead any more")
        try store.execute("UPDATE numbers SET last_accepted = '?', due_at = '\(Sample.at(900))' WHERE managed = 1")
        try store.acceptClock(at: Sample.at(600), actor: "ops")
        let unreadable = try store.reader.events(limit: 2).map(\.entry)
        #expect(unreadable.map(\.kind) == [.recordUnreadable, .recordUnreadable])
        #expect(
            try store.texts("SELECT due_at FROM numbers") == [
                Sample.at(600).description, Sample.at(600).description, nil,
            ])
    }
}
