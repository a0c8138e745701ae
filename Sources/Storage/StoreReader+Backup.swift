import Files
import GRDB
import Glibc
public import Planning

extension StoreReader {
    /// Writes a consistent copy of the store to a new file, 0600, while others read and write the store.
    ///
    /// The copy is marked as one, so that a start with it is detected as a restore. The sealing key is not part of it.
    ///
    /// - Parameter path: the copy's path, where no file may exist yet.
    /// - Throws: ``StorageError``, or a `FileError` of the copy.
    public func backup(to path: String) throws {
        try AtomicFile.makeEmpty(path, .ownerOnly, .directory)
        do {
            var configuration = Configuration()
            configuration.label = "twostepd.backup"
            let copy = try DatabaseQueue(path: path, configuration: configuration)
            try queue.backup(to: copy)
            try copy.writeWithoutTransaction { db in
                // A copy is one file, without a log beside it.
                let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = DELETE")
                guard mode == "delete" else {
                    throw StorageError.io(path: path, operation: "finish", problem: "journal mode \(mode ?? "unknown")")
                }
                try db.execute(sql: "PRAGMA synchronous = FULL; UPDATE store_state SET is_copy = 1")
                try Self.check(db, path)
            }
            try copy.close()
        } catch {
            unlink(path)
            throw StorageError(error, at: path)
        }
        try Directory.syncName(of: path)
    }

    /// Reads the whole database and throws ``StorageError/corrupted(path:problem:)`` when it is damaged.
    static func check(_ db: Database, _ path: String) throws {
        let findings = try String.fetchAll(db, sql: "PRAGMA quick_check(5)")
        guard findings == ["ok"] else {
            throw StorageError.corrupted(path: path, problem: findings.joined(separator: "; "))
        }
    }

    /// Returns the latest instant that the store has recorded: the clock was at least there. Nil for a new store.
    public func highWaterMark() throws(StorageError) -> Instant? {
        try read { db in
            let text = try String.fetchOne(db, sql: "SELECT clock_mark FROM store_state") ?? ""
            guard !text.isEmpty else { return nil }
            guard let instant = Instant(text) else {
                throw StorageError.unreadableRow(table: "store_state", key: "1", column: "clock_mark")
            }
            return instant
        }
    }
}
