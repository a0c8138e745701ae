import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

struct StoreReaderTests {
    private func filled(_ directory: StateDirectory) throws -> Store {
        let store = try Store.open(at: directory.location, key: Sample.key)
        _ = try store.adopt(Sample.state(try (1...3).map { try Sample.desired($0) }), at: Sample.now)
        try store.addGeneration(1, "284715", to: 1)
        return store
    }

    @Test func `there is no store where none was made, and none is made by looking`() throws {
        let directory = try StateDirectory()
        #expect(throws: StorageError.noStore(path: directory.location.database)) {
            try StoreReader.open(at: directory.location, key: nil)
        }
        #expect(!FileManager.default.fileExists(atPath: directory.path))
        try directory.location.prepareDirectory()
        try directory.location.prepareDatabaseFile()
        #expect(throws: StorageError.noStore(path: directory.location.database)) {
            try StoreReader.open(at: directory.location, key: nil)
        }
    }

    @Test func `a reader sees what a writer commits while both are open`() throws {
        let directory = try StateDirectory()
        let store = try filled(directory)
        let reader = try StoreReader.open(at: directory.location, key: Sample.key)
        for attempt in 1...20 {
            var record = try store.required(1)
            record.attempts = attempt
            try store.commit([.save(record, newGeneration: nil, touched: [])])
            record.version += 1
            #expect(try reader.record(try Sample.number(1), at: Sample.now) == record)
        }
        #expect(throws: DatabaseError.self) { try reader.queue.write { try $0.execute(sql: "DELETE FROM numbers") } }
        try store.close()
        #expect(try reader.record(try Sample.number(1), at: Sample.now)?.attempts == 20)
    }

    @Test func `a snapshot stays as it was while the writer goes on`() throws {
        let directory = try StateDirectory()
        let store = try filled(directory)
        let reader = try StoreReader.open(at: directory.location, key: nil)
        let (before, after) = try reader.read { db in
            let before = try Int.fetchOne(db, sql: "SELECT count(*) FROM events")
            try store.commit([.event(EventEntry(at: Sample.now, kind: .started, detail: "x"))])
            return (before, try Int.fetchOne(db, sql: "SELECT count(*) FROM events"))
        }
        #expect(before == after)
        #expect(try reader.events(limit: 9).count == 2)
    }

    @Test func `a store without a daemon can be read, closed cleanly or not`() throws {
        let directory = try StateDirectory()
        let store = try filled(directory)
        let copy = try StateDirectory()
        try copy.location.prepareDirectory()
        for suffix in ["", "-wal"] {
            try copy.write(try directory.bytes("twostepd.sqlite" + suffix), "twostepd.sqlite" + suffix)
        }
        let names = try (1...3).map { try Sample.number($0).description }
        #expect(try StoreReader.open(at: copy.location, key: nil).numbers(named: names).count == 3)
        try store.close()
        #expect(!FileManager.default.fileExists(atPath: directory.location.database + "-wal"))
        let reader = try StoreReader.open(at: directory.location, key: Sample.key)
        #expect(try reader.pin(of: try Sample.number(1), generation: 1) == (try Sample.pin("284715")))
    }

    @Test func `without the key everything but PINs can be read`() throws {
        let directory = try StateDirectory()
        let store = try filled(directory)
        let reader = try StoreReader.open(at: directory.location, key: nil)
        let page = try reader.closedRecords(after: nil, limit: 2, at: Sample.now)
        #expect(page.records.map(\.number) == [try Sample.number(1), try Sample.number(2)])
        let rest = try reader.closedRecords(after: page.next, limit: 2, at: Sample.now)
        #expect(rest.records.map(\.number) == [try Sample.number(3)])
        #expect(rest.next == nil)
        let record = try #require(page.records.first)
        var expected = try store.required(1)
        expected.generations = expected.generations.map {
            PINGeneration(generation: $0.generation, pin: nil, origin: $0.origin, createdAt: $0.createdAt)
        }
        #expect(record == expected)
        #expect(try reader.closedRecord(try Sample.number(1), at: Sample.now) == record)
        #expect(try reader.pins(of: record.number, limit: 5).map(\.keyID) == [Sample.key.id])

        let needed = StorageError.keyNeeded(path: directory.location.database, id: Sample.key.id)
        #expect(throws: needed) { try reader.pin(of: try Sample.number(1), generation: 1) }
        #expect(throws: needed) { try reader.records(after: nil, limit: 10, at: Sample.now) }
        #expect(throws: needed) { try reader.record(try Sample.number(1), at: Sample.now) }
        #expect(try reader.closedRecord(try Sample.number(2), at: Sample.now) == store.required(2))
        #expect(try reader.closedRecord(try Sample.number(9), at: Sample.now) == nil)
        #expect(try reader.pin(of: try Sample.number(1), generation: 2) == nil)
    }
}
