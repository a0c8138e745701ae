import Files
import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

/// The effects of a start, and of accepting the clock, on all records at once.
struct StoreFenceTests {
    /// Returns a store with three numbers: 1 has a PIN, 3 is unmanaged; all of them had requests accepted, and wait.
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

    /// Returns a directory with a copy of the store, as it is now, and without a fence.
    private func copy(of store: Store) throws -> StateDirectory {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try store.queue.backup(to: DatabaseQueue(path: directory.location.database))
        return directory
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

    @Test func `a copy from before any commit of this start is noticed, and the newest one is not`() throws {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        #expect(try store.passFence(at: directory.location, now: Sample.at(5)) == .current)
        let fence = directory.location.fence
        var copies: [StateDirectory] = []
        var fences: [Data] = []
        for round in 0..<12 {
            copies.append(try copy(of: store))
            fences.append(try directory.bytes("twostepd.fence"))
            // More than one link at once, and a sequence number that gains a digit on the way.
            try store.commit(
                (0...round % 3).map { _ in
                    StoreMutation.event(EventEntry(at: Sample.at(6), kind: .started, detail: "x"))
                })
        }
        let last = try copy(of: store)
        #expect(Set(fences).count == 12, "each commit is in the fence")
        #expect(try FileStatus.of(fence)?.mode == 0o600)
        for (index, copy) in copies.enumerated() {
            try copy.write(try directory.bytes("twostepd.fence"), "twostepd.fence")
            let restored = try Store.open(at: copy.location, key: Sample.key)
            guard case .withoutLink = try restored.passFence(at: copy.location, now: Sample.at(10)) else {
                Issue.record("copy \(index) is not noticed")
                continue
            }
            #expect(try restored.required(1).belief.elements == ["off", "foreign", "on(1)"])
            #expect(try restored.passFence(at: copy.location, now: Sample.at(11)) == .current)
            try restored.close()
        }
        // A fence that lags, as after a power failure, or whose second line is torn, is accepted with every later
        // store.
        let text = String(decoding: try directory.bytes("twostepd.fence"), as: UTF8.self)
        let torn = text.replacing("a", with: "b")
        for fence in fences + [Data(torn.utf8), Data(text.prefix(40).utf8), try directory.bytes("twostepd.fence")] {
            try last.write(fence, "twostepd.fence")
            let current = try Store.open(at: last.location, key: Sample.key)
            #expect(try current.passFence(at: last.location, now: Sample.at(10)) == .current)
            try current.execute("UPDATE store_state SET start_count = 1")
            try current.close()
        }
        try store.close()
    }

    @Test func `a copy that lacks nothing but an open request is noticed as well`() throws {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        _ = try store.passFence(at: directory.location, now: Sample.at(5))
        let copy = try self.copy(of: store)
        let id = try store.reader.nextChangeID()
        try store.commit([.openChange(try Sample.change(id, 1, sentAt: Sample.at(6)))])
        try copy.write(try directory.bytes("twostepd.fence"), "twostepd.fence")
        let restored = try Store.open(at: copy.location, key: Sample.key)
        #expect(try restored.passFence(at: copy.location, now: Sample.at(10)) == .withoutRequest(id))
        #expect(try restored.required(1).belief.elements == ["off", "foreign", "on(1)"])
        #expect(try restored.reader.events(limit: 2).map(\.entry.kind) == [.historyAltered, .storeRestored])
    }

    @Test func `a store that others have written to in its place is another one, also when it is longer`() throws {
        let directory = try StateDirectory()
        let store = try store(in: directory)
        _ = try store.passFence(at: directory.location, now: Sample.at(5))
        let elsewhere = try copy(of: store)
        let event = StoreMutation.event(EventEntry(at: Sample.at(6), kind: .started, detail: "here"))
        try store.commit([event])
        try elsewhere.write(try directory.bytes("twostepd.fence"), "twostepd.fence")
        let other = try Store.open(at: elsewhere.location, key: Sample.key)
        for _ in 0..<5 {
            try other.commit([.event(EventEntry(at: Sample.at(6), kind: .started, detail: "elsewhere"))])
        }
        guard case .withoutLink = try other.passFence(at: elsewhere.location, now: Sample.at(10)) else {
            Issue.record("it is not noticed")
            return
        }
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
