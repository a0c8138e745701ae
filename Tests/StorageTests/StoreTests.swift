import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

struct StoreTests {
    @Test func `a new store is durable, private and at its schema`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        let settings = try store.queue.read { db in
            try ["synchronous", "secure_delete", "foreign_keys"].map { try Int.fetchOne(db, sql: "PRAGMA \($0)") }
        }
        #expect(settings == [2, 1, 1])
        #expect(try store.queue.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") } == "wal")
        #expect(try directory.mode() == 0o700)
        for name in ["twostepd.sqlite", "twostepd.sqlite-wal", "twostepd.sqlite-shm"] {
            #expect(try directory.mode(name) == 0o600, "\(name)")
        }
        let loose = try store.queue.read { db in
            try String.fetchAll(
                db, sql: "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0")
        }
        #expect(Set(loose) == ["sqlite_schema", "grdb_migrations"], "every table of ours is STRICT")
    }

    @Test func `settings still hold after the first commit and for a reopened store`() throws {
        let directory = try StateDirectory()
        let first = try Store.open(at: directory.location, key: Sample.key)
        _ = try first.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        #expect(try first.queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        try first.close()
        let second = try Store.open(at: directory.location, key: Sample.key)
        #expect(try second.queue.read { try Int.fetchOne($0, sql: "PRAGMA synchronous") } == 2)
        #expect(try second.required(1).belief == .unknown)
    }

    @Test func `files that others could read are restricted when the store is opened`() throws {
        let directory = try StateDirectory()
        try Store.open(at: directory.location, key: Sample.key).close()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: directory.location.database)
        _ = try Store.open(at: directory.location, key: Sample.key)
        #expect(try directory.mode("twostepd.sqlite") == 0o600)
    }

    @Test(arguments: [(0o770, "its group can write to this directory"), (0o702, "others can write to this directory")])
    func `a directory that others can write to is refused`(mode: Int, words: String) throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: directory.path)
        let error = #expect(throws: StorageError.self) { try Store.open(at: directory.location, key: Sample.key) }
        #expect("\(try #require(error))".contains(words))
    }

    @Test func `a directory without a parent is a mistake of the settings`() throws {
        let directory = try StateDirectory()
        let location = StoreLocation(directory: directory.path + "/none/state")
        let error = #expect(throws: StorageError.self) { try location.prepareDirectory() }
        guard case .permissions(location.directory, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `another key than the one the store was made with is refused, with PINs in it or none`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        _ = try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        let other = SealingKey.random()
        #expect(throws: StorageError.wrongKey(needed: Sample.key.id, have: other.id)) {
            try Store.open(at: directory.location, key: other)
        }
        try store.addGeneration(1, "284715", to: 1)
        try store.close()
        #expect(throws: StorageError.wrongKey(needed: Sample.key.id, have: other.id)) {
            try Store.open(at: directory.location, key: other)
        }
        #expect(throws: StorageError.wrongKey(needed: Sample.key.id, have: other.id)) {
            try StoreReader.open(at: directory.location, key: other)
        }
    }

    @Test func `a store of a later version is refused, and left as it was`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        try store.execute("INSERT INTO grdb_migrations VALUES ('9999-from-the-future')")
        try store.close()
        let expected = StorageError.newerSchema(
            path: directory.location.database, migrations: ["9999-from-the-future"])
        #expect(throws: expected) { try Store.open(at: directory.location, key: Sample.key) }
        #expect(throws: expected) { try StoreReader.open(at: directory.location, key: nil) }
    }

    @Test(arguments: [
        "('0001-first-tables'), ('0002-fence'), ('0003-guards'), ('0004-audit-chain'), ('0005-rotate-after-reveal')",
        "('0001-schema')",
    ])
    func `a store of a development version before 0.1.0 is refused, and left as it was, to the byte`(
        _ migrations: String
    ) throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        // The store of a version before the migrations were merged: its identifiers, and a column of its own.
        let old = try DatabaseQueue(path: directory.location.database)
        try old.write { db in
            try db.execute(
                sql: """
                    PRAGMA application_id = \(Schema.applicationID);
                    CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                    INSERT INTO grdb_migrations VALUES \(migrations);
                    CREATE TABLE numbers (number TEXT NOT NULL PRIMARY KEY, handed_over_at TEXT) STRICT, WITHOUT ROWID;
                    INSERT INTO numbers VALUES ('+15551000001', NULL);
                    """)
        }
        try old.close()
        let before = try directory.bytes("twostepd.sqlite")
        let expected = StorageError.developmentSchema(path: directory.location.database)
        #expect(throws: expected) { try Store.open(at: directory.location, key: Sample.key) }
        #expect(throws: expected) { try StoreReader.open(at: directory.location, key: nil) }
        #expect(try directory.bytes("twostepd.sqlite") == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["twostepd.sqlite"])
        for words in ["before 0.1.0", "nothing was changed", "aside", "every number is taken over again"] {
            #expect(expected.description.contains(words), "\(words)")
        }
    }

    @Test func `a file that is no database, or another application's, is named as such`() throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try Data(repeating: 0x41, count: 8192).write(to: URL(filePath: directory.location.database))
        let error = #expect(throws: StorageError.self) { try Store.open(at: directory.location, key: Sample.key) }
        guard case .corrupted = try #require(error) else { Issue.record("\(String(describing: error))"); return }

        try FileManager.default.removeItem(atPath: directory.location.database)
        let foreign = try DatabaseQueue(path: directory.location.database)
        try foreign.write { try $0.execute(sql: "CREATE TABLE notes (text TEXT)") }
        try foreign.close()
        let other = #expect(throws: StorageError.self) { try Store.open(at: directory.location, key: Sample.key) }
        guard case .corrupted = try #require(other) else { Issue.record("\(String(describing: other))"); return }
    }

    @Test func `no PIN stands in plain in any file`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        _ = try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        try store.addGeneration(1, "918273", to: 1)
        try store.addGeneration(2, "604812", to: 1)
        let files = try directory.everyByte()
        #expect(files.range(of: Data("token-1".utf8)) != nil, "the search finds what is in plain")
        for digits in ["918273", "604812"] {
            #expect(files.range(of: Data(digits.utf8)) == nil)
            let value = try #require(UInt32(digits))
            #expect(files.range(of: withUnsafeBytes(of: value.littleEndian) { Data($0) }) == nil)
        }
        try store.close()
        #expect(try directory.everyByte().range(of: Data("918273".utf8)) == nil)
        #expect(try directory.everyByte().range(of: Data(Sample.key.fileContent.dropLast())) == nil)
    }

    @Test func `the overview shows a person what is believed`() throws {
        let store = try Sample.store(1)
        try store.addGeneration(1, "284715", to: 1)
        let row = try #require(try store.queue.read { try Row.fetchOne($0, sql: "SELECT * FROM numbers_overview") })
        #expect(row["belief"] == "off foreign on(1)")
        #expect(row["desired"] == "enabled")
        #expect(row["newest_pin"] == 1)
    }
}
