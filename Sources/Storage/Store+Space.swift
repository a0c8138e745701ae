import Files
import GRDB
import Glibc
public import Planning

/// The size of the store.
public struct StoreSize: Hashable, Sendable {
    /// The size of the database in bytes without its log, free pages included.
    public let bytes: Int64
    /// The size of the free pages inside the database, in bytes, which the next writes use.
    public let freeBytes: Int64
    /// True when free pages can be released to the file system while the store is open.
    public let canReleaseSpace: Bool

    init(_ db: Database) throws {
        let figures = try ["page_size", "page_count", "freelist_count", "auto_vacuum"].map { pragma in
            try Int64.fetchOne(db, sql: "PRAGMA \(pragma)") ?? 0
        }
        bytes = figures[0] * figures[1]
        freeBytes = figures[0] * figures[2]
        canReleaseSpace = figures[3] == Store.incremental
    }

    /// True when more is free than the next days need: more than a tenth, and more than 4 MiB.
    public var isWasteful: Bool { freeBytes > max(bytes / 10, 4 << 20) }
}

extension Store {
    /// SQLite's number for `PRAGMA auto_vacuum = INCREMENTAL`.
    static let incremental: Int64 = 2

    /// Deletes some desired states that were in force, or held, before `date`, and to which nothing refers any longer.
    ///
    /// - Returns: the number of deleted states; fewer than `limit` when none remain.
    public func pruneRevisions(before date: Instant, limit: Int) throws(StorageError) -> Int {
        try write { db in
            try db.execute(
                sql: """
                    DELETE FROM desired_states WHERE revision IN (
                        SELECT revision FROM desired_states AS old
                        WHERE loaded_at < ?
                            AND revision < (SELECT max(revision) FROM desired_states WHERE state = 'accepted')
                            AND NOT EXISTS (SELECT 1 FROM numbers WHERE desired_revision = old.revision)
                        ORDER BY revision LIMIT ?)
                    """, arguments: [date.description, limit])
            return db.changesCount
        }
    }

    /// Releases at most `pages` free pages to the file system, in one short transaction, while too many are free.
    ///
    /// - Returns: true when more can be released.
    public func releaseSpace(atMost pages: Int) throws(StorageError) -> Bool {
        try write { db in
            let before = try StoreSize(db)
            guard before.canReleaseSpace, before.isWasteful else { return false }
            // The pragma releases one page at each step, and returns a row for it.
            let cursor = try Row.fetchCursor(db, sql: "PRAGMA incremental_vacuum(\(max(pages, 1)))")
            while try cursor.next() != nil {}
            let after = try StoreSize(db)
            return after.isWasteful && after.bytes < before.bytes
        }
    }

    /// Rewrites the database without free pages, and so that later ones can be released while the store is open.
    ///
    /// This needs as much space again in the state directory while it runs. The caller holds the ``StoreLock``. The key
    /// is not changed; a store that it does not open is refused, as with every other command that writes.
    ///
    /// - Returns: the size before and after.
    public static func compact(
        at location: StoreLocation, key: SealingKey
    ) throws(StorageError) -> (before: StoreSize, after: StoreSize) {
        let path = location.database
        try location.checkDatabaseFiles()
        try refuseOtherKeyOrSchema(path, key)
        // The draft of the new database must stay private, and a small /tmp must not fill up.
        setenv("SQLITE_TMPDIR", location.directory, 1)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let sizes = try queue.writeWithoutTransaction { db in
                try Schema.checkIsCurrent(db, at: path)
                try checkKey(key, db)
                let before = try StoreSize(db)
                try db.execute(
                    sql: """
                        PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = FILE;
                        PRAGMA auto_vacuum = INCREMENTAL; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)
                        """)
                return (before, try StoreSize(db))
            }
            try queue.close()
            return sizes
        } catch {
            throw StorageError(error, at: path)
        }
    }
}

extension StoreReader {
    /// Returns the size of the store.
    public func size() throws(StorageError) -> StoreSize { try read { try StoreSize($0) } }

    /// Returns the time of the oldest piece of history; nil when none exists.
    public func oldestHistory() throws(StorageError) -> Instant? {
        try read { db in
            let statement = try db.cachedStatement(sql: AuditEntry.query() + " LIMIT 1")
            guard let entry = try Row.fetchOne(statement).map({ try AuditEntry($0) }) else { return nil }
            return entry.at.flatMap { Instant($0) }
        }
    }

    /// The maximum size of a normal write-ahead log, in bytes: the log is truncated to 64 MiB whenever all of it was
    /// checkpointed.
    public static let normalLogBytes = 256 << 20

    /// The size of the store's write-ahead log, in bytes; 0 when it cannot be inspected, as before the first write.
    public var logBytes: Int { (try? FileStatus.of(path + "-wal"))?.size ?? 0 }

    /// Returns the times of the newest incidents that an operator has to investigate.
    public func incidents() throws(StorageError) -> StoreIncidents {
        try read { db in
            let sql = """
                SELECT restored_at, (SELECT max(at) FROM events WHERE kind = 'history_altered') AS altered_at
                FROM store_state
                """
            let found = try db.firstRow(of: "store_state", sql) { row in
                StoreIncidents(
                    restoredAt: try row.optionalInstant("restored_at"),
                    historyAlteredAt: try row.optionalInstant("altered_at"))
            }
            return found ?? StoreIncidents(restoredAt: nil, historyAlteredAt: nil)
        }
    }
}

/// The newest incidents of the store that an operator has to investigate.
public struct StoreIncidents: Hashable, Sendable {
    /// The time at which the store was last found to be an older copy of itself; nil when it never was.
    public let restoredAt: Instant?
    /// The time at which the history was last found to be altered; nil when it never was, or when that event was
    /// pruned.
    public let historyAlteredAt: Instant?

    public init(restoredAt: Instant?, historyAlteredAt: Instant?) {
        self.restoredAt = restoredAt
        self.historyAlteredAt = historyAlteredAt
    }
}
