import Files
import GRDB
public import Planning
import Synchronization

/// The one writer of a store. A commit is on the disk when the call returns.
///
/// Its owner holds the ``StoreLock``; reads go through ``reader``, on the same connection.
public final class Store: Sendable {
    /// The reader of this store, which sees everything committed so far.
    public let reader: StoreReader
    let sealer: PINSealer
    /// The chain of the history, which every write extends.
    let chain: AuditChain
    let notes: ChainNotes
    /// The hooks' subscriptions.
    let subscriptions = Mutex(Subscriptions())
    /// The fence that follows every commit; nil until a start has passed it.
    let fence = Mutex<OpenFence?>(nil)
    /// The identity of the opened file; nil in memory. A write to a file that was removed is not durable.
    private let file: FileIdentity?

    var queue: DatabaseQueue { reader.queue }
    var path: String { reader.path }

    /// Opens the store for writing, creates it when none exists, and migrates its schema.
    ///
    /// The caller holds the ``StoreLock``. Throws ``StorageError/wrongKey(needed:have:)`` when its PINs are sealed
    /// under another key, and `newerSchema` or `developmentSchema` when a later version wrote it, or one from before
    /// 0.1.0. The file is unchanged in these cases.
    public static func open(at location: StoreLocation, key: SealingKey) throws(StorageError) -> Store {
        try location.prepareDirectory()
        try location.checkDatabaseFiles()
        let path = location.database
        try refuseOtherKeyOrSchema(path, key)
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
            // SQLite has created its two other files by now: they get the same mode.
            try location.prepareDatabaseFile()
            return store
        } catch {
            throw StorageError(error, at: path)
        }
    }

    /// Creates a store in memory, for tests and simulations; it exists until the last reference is released.
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

    /// Refuses a store with another schema or another key on a read-only connection, because a writer changes the file
    /// when it opens it, and again when it closes it.
    static func refuseOtherKeyOrSchema(_ path: String, _ key: SealingKey) throws(StorageError) {
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
            // The log of a crashed process may need a writer to be read. The writer makes the same checks before it
            // writes.
        }
    }

    /// Closes the database, with everything in its main file. Later calls fail.
    public func close() throws(StorageError) {
        try reader.close()
    }

    /// The configuration of every connection.
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

    /// Sets write-ahead logging and one fsync a commit, and reads the settings back: with a store that only seems
    /// durable, a request could be sent before its record is on the disk.
    private static func makeDurable(_ queue: DatabaseQueue, _ path: String) throws {
        try queue.writeWithoutTransaction { db in
            // Takes effect in a new database alone, before its first page: pruned space can be released later.
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
            // Set here and not when the connection is prepared: GRDB's own WAL setting would lower it to NORMAL.
            let mode = try String.fetchOne(db, sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864")
            let settings = try ["synchronous", "secure_delete", "foreign_keys"].map {
                try Int.fetchOne(db, sql: "PRAGMA \($0)")
            }
            guard mode == "wal", settings == [2, 1, 1] else {
                throw StorageError.io(
                    path: path, operation: "enable durable writes to",
                    problem: "journal mode \(mode ?? "unknown"), settings \(settings): is it on a network file system?"
                )
            }
        }
    }

    /// Refuses a key that is not the store's. A single PIN sealed under another key is not an error here: it is
    /// unreadable, which concerns its number alone.
    static func checkKey(_ key: SealingKey, _ db: Database) throws {
        // In a store that is being created nothing is sealed yet.
        guard try db.tableExists("audit_state"), let needed = try keyID(db), needed != key.id else { return }
        throw StorageError.wrongKey(needed: needed, have: key.id)
    }

    /// Returns the id of the key under which the store is sealed; nil before it was opened for the first time.
    static func keyID(_ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT key_id FROM audit_state")
    }

    /// Returns the numbers of `request` from the file that is written to; see ``StoreReader/load(_:at:)``. The engine
    /// also probes a failed store by this: a removed file that can still be read does not work again.
    public func load(_ request: LoadRequest, at now: Instant) throws(StorageError) -> DuePage {
        try checkFile()
        return try reader.load(request, at: now)
    }

    /// Checks that the opened file is still at its path. SQLite would go on with a file that was removed or replaced,
    /// and its writes would be lost when the process ends.
    private func checkFile() throws(StorageError) {
        if let file, try FileIdentity(of: path) != file { throw .replaced(path: path) }
    }

    /// Runs `body` in one durable transaction: all of it, or nothing.
    func write<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
        try checkFile()
        do {
            let (value, head, newestRequest) = try queue.write { db in
                let value = try body(db)
                return (value, try chain.extend(with: notes.drain(), db), try FenceMark.newestRequest(db))
            }
            fence.withLock { $0?.follow(head, newestRequest: newestRequest) }
            return value
        } catch {
            // Rows that were rolled back are not chained.
            _ = notes.drain()
            throw StorageError(error, at: path)
        }
    }
}
