import Files
import GRDB
import Synchronization

/// The one writer of a store. What it commits is on the disk when the call returns.
///
/// Whoever opens it holds the ``StoreLock``; reads go through ``reader``, on the same connection.
public final class Store: Sendable {
    /// Reads this store, with everything committed so far.
    public let reader: StoreReader
    let sealer: PINSealer
    /// Chains the history that every write adds.
    let chain: AuditChain
    let notes: ChainNotes
    /// Which hooks want to be notified of what.
    let subscriptions = Mutex(Subscriptions())
    /// The fence that follows every commit; nil before a start has passed it.
    let fence = Mutex<OpenFence?>(nil)
    /// The file that was opened; nil in memory. What is written to a file that was removed is not durable.
    private let file: FileIdentity?

    var queue: DatabaseQueue { reader.queue }
    var path: String { reader.path }

    /// Opens the store for writing, makes it when there is none, and brings its schema up to date.
    ///
    /// The caller holds the ``StoreLock``. Throws ``StorageError/wrongKey(needed:have:)`` when its PINs are sealed
    /// under another key, and `newerSchema` or `developmentSchema` when a later version wrote it, or one from before
    /// 0.1.0; then no byte of it was changed.
    public static func open(at location: StoreLocation, key: SealingKey) throws(StorageError) -> Store {
        try location.prepareDirectory()
        try location.checkDatabaseFiles()
        let path = location.database
        try refuseForeign(path, key)
        try location.prepareDatabaseFile()
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { db in
                try Schema.check(db, at: path)
                try checkKey(key, db)
                try StoreReader.checkBeforeStart(db, path)
            }
            try makeDurable(queue, path)
            let store = try Store(migrating: queue, key: key, path: path, file: FileIdentity(of: path))
            // Now that SQLite has made them, its two files are held to the same mode.
            try location.prepareDatabaseFile()
            return store
        } catch {
            throw StorageError(error, at: path)
        }
    }

    /// A store in memory, for tests and simulations; it is gone with the last reference.
    public static func inMemory(key: SealingKey) throws(StorageError) -> Store {
        let path = ":memory:"
        do {
            return try Store(migrating: DatabaseQueue(configuration: configuration), key: key, path: path, file: nil)
        } catch {
            throw StorageError(error, at: path)
        }
    }

    private init(migrating queue: DatabaseQueue, key: SealingKey, path: String, file: FileIdentity?) throws {
        try Schema.migrator.migrate(queue)
        self.file = file
        let sealer = PINSealer(key: key)
        (chain, notes) = try queue.write { db in
            let chain = try AuditChain.open(db, sealer: sealer)
            return (chain, try ChainNotes(db))
        }
        self.sealer = sealer
        reader = StoreReader(queue: queue, sealer: sealer, path: path)
        try refreshSubscriptions()
    }

    /// Refuses a store that is not this version's, or not this key's, on a connection that can change nothing: a writer
    /// changes the file by opening it, and once more by closing it.
    static func refuseForeign(_ path: String, _ key: SealingKey) throws(StorageError) {
        guard let status = try FileStatus.stored(path), status.size > 0 else { return }
        var configuration = configuration
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { db in
                try Schema.check(db, at: path)
                try checkKey(key, db)
            }
            try queue.close()
        } catch let error as StorageError {
            throw error
        } catch {
            // What the end of a crashed process has left is for a writer to read. It checks the same before it writes.
        }
    }

    /// Closes the database, with everything in its main file. Later calls fail.
    public func close() throws(StorageError) {
        try reader.close()
    }

    /// What every connection is opened with.
    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.label = "twostepd.store"
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            // Deleted content is overwritten; nothing spills into temporary files; the schema is not trusted.
            try db.execute(sql: "PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF")
        }
        return configuration
    }

    /// Write-ahead log, and one fsync a commit; read back, because a store that only seems durable breaks the promise
    /// that no request is sent before its record.
    private static func makeDurable(_ queue: DatabaseQueue, _ path: String) throws {
        try queue.writeWithoutTransaction { db in
            // Of effect in a new database alone, before its first page: what is pruned can be given back later.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            // Set here and not when the connection is prepared: GRDB's own WAL setting would lower it to NORMAL.
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")
            let settings = try ["synchronous", "secure_delete", "foreign_keys"].map {
                try Int.fetchOne(db, sql: "PRAGMA \($0)")
            }
            guard mode == "wal", settings == [2, 1, 1] else {
                throw StorageError.io(
                    path: path, operation: "make durable",
                    problem: "journal mode \(mode ?? "unknown"), settings \(settings): is it on a network file system?"
                )
            }
        }
    }

    /// Refuses a key that is not the store's. A single PIN that is sealed under another is unreadable, which concerns its
    /// number alone.
    static func checkKey(_ key: SealingKey, _ db: Database) throws {
        // In a store that is being made there is nothing sealed.
        guard try db.tableExists("audit_state"), let needed = try keyID(db), needed != key.id else { return }
        throw StorageError.wrongKey(needed: needed, have: key.id)
    }

    /// The id of the key that the store is sealed under; nil before it was opened for the first time.
    static func keyID(_ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT key_id FROM audit_state")
    }

    /// Runs `body` in one durable transaction: all of it, or nothing.
    ///
    /// Before it, the file is looked at: SQLite would go on writing to one that was removed or replaced, and what is
    /// written there is gone with the process.
    func write<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
        if let file, try FileIdentity(of: path) != file { throw .replaced(path: path) }
        do {
            let (value, head) = try queue.write { db in
                let value = try body(db)
                return (value, try chain.extend(with: notes.take(), db))
            }
            if let head { fence.withLock { $0?.follow(head) } }
            return value
        } catch {
            // What did not come about is not chained.
            _ = notes.take()
            throw StorageError(error, at: path)
        }
    }
}
