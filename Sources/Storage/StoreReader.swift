import Files
import GRDB
public import Planning

/// Reads a store. Every call is one consistent snapshot.
///
/// The key is needed to open PINs; without it everything else can still be read.
public final class StoreReader: Sendable {
    let queue: DatabaseQueue
    let sealer: PINSealer?
    /// The database's path, for errors.
    let path: String

    /// The maximum of rows that one call returns.
    public static let pageLimit = 10_000

    init(queue: DatabaseQueue, sealer: PINSealer?, path: String) {
        self.queue = queue
        self.sealer = sealer
        self.path = path
    }

    /// Opens the store for reading, whether or not a daemon works on it. Never creates or migrates it.
    ///
    /// Throws ``StorageError/noStore(path:)`` when none exists; `olderSchema`, `newerSchema` or `developmentSchema`
    /// when its schema is not the one of this version; and `wrongKey` when its PINs are sealed under another key than
    /// `key`.
    public static func open(at location: StoreLocation, key: SealingKey?) throws(StorageError) -> StoreReader {
        let path = location.database
        guard try FileStatus.stored(path) != nil else { throw .noStore(path: path) }
        var configuration = Store.configuration
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.read { db in
                try Schema.checkIsCurrent(db, at: path)
                if let key { try Store.checkKey(key, db) }
            }
            return StoreReader(queue: queue, sealer: key.map { PINSealer(key: $0) }, path: path)
        } catch {
            throw StorageError(error, at: path)
        }
    }

    /// Closes the database; later calls fail.
    public func close() throws(StorageError) {
        do { try queue.close() } catch { throw StorageError(error, at: path) }
    }

    /// Returns the record of one number with its PINs; nil when the store does not know it. PINs that cannot be opened
    /// are marked as unreadable. The hour of recent writes ends at `now`.
    public func record(_ number: PhoneNumber, at now: Instant) throws(StorageError) -> NumberRecord? {
        try read { db in
            try db.numberRow(number).map { try db.record(number, $0, at: now, neededSealer(db)) }
        }
    }

    /// Returns the record of one number with its PINs closed; nil when the store does not know it. Needs no key.
    public func closedRecord(_ number: PhoneNumber, at now: Instant) throws(StorageError) -> NumberRecord? {
        try read { db in
            try db.numberRow(number).map {
                try $0.record(
                    pins: PINRow.outline(of: number, db), recentWrites: db.recentWrites(of: number, at: now))
            }
        }
    }

    /// Returns the numbers after `number` with their PINs, managed or not, in number order. Rows that cannot be read
    /// are in `failures`; PINs that cannot be opened are marked as unreadable.
    public func records(after number: PhoneNumber?, limit: Int, at now: Instant) throws(StorageError) -> Page {
        try page(
            after: number, limit: limit,
            load: { db, number, row in try db.record(number, row, at: now, self.neededSealer(db)) })
    }

    /// Returns the numbers after `number` with their PINs closed, managed or not, in number order. Each has its newest
    /// generation and those that may be live. Needs no key.
    ///
    /// - Parameters:
    ///   - number: the end of the previous page; nil for the first page.
    ///   - last: the last number of interest; nil for all.
    ///   - limit: the maximum of numbers in a page.
    ///   - now: the end of the hour of recent writes.
    ///   - writes: the ``recentWrites(at:)`` of all numbers, so that they are not read again for each page.
    public func closedRecords(
        after number: PhoneNumber?, through last: PhoneNumber? = nil, limit: Int, at now: Instant,
        writes: RecentWrites? = nil
    ) throws(StorageError) -> Page {
        // One statement for the PINs of all of them: one each would take most of the time.
        var pins: [PhoneNumber: Result<[PINRow], StorageError>] = [:]
        var recent: [PhoneNumber: [Instant]] = [:]
        return try page(after: number, through: last, limit: limit) { db, found in
            guard let first = found.first?.number, let last = found.last?.number else { return }
            pins = try PINRow.outlines(of: .range(from: first, through: last), db)
            recent = try writes?.times ?? db.recentWrites(at: now)
        } load: { _, number, row in
            try row.record(pins: pins[number]?.get() ?? [], recentWrites: recent[number] ?? [])
        }
    }

    /// Returns the last number of each but the last of `parts` parts of the numbers, which are about equally large;
    /// empty when there are fewer numbers than parts.
    public func cuts(parts: Int) throws(StorageError) -> [PhoneNumber] {
        try read { db in
            let count = try Int.fetchOne(db, sql: "SELECT count(*) FROM numbers") ?? 0
            guard parts > 1, count >= parts else { return [] }
            return try (1..<parts).map { part in
                let sql = "SELECT number FROM numbers ORDER BY number LIMIT 1 OFFSET ?"
                let last = try db.firstRow(of: "numbers", sql, [count * part / parts - 1]) { row in try row.number() }
                guard let last else { preconditionFailure("one snapshot has as many rows as it counts") }
                return last
            }
        }
    }

    /// Returns the times at which requests were sent to each number in the hour before `now`.
    public func recentWrites(at now: Instant) throws(StorageError) -> RecentWrites {
        try read { RecentWrites(times: try $0.recentWrites(at: now)) }
    }

    /// The times at which requests that may have reached the vendor were sent within the last hour, by number,
    /// ascending.
    public struct RecentWrites: Sendable {
        let times: [PhoneNumber: [Instant]]
    }

    /// Some numbers in order, and the start of the next page.
    public struct Page: Sendable {
        public var records: [NumberRecord] = []
        /// The numbers whose rows cannot be read, with the errors.
        public var failures: [(number: PhoneNumber, error: StorageError)] = []
        /// The last number of this page, to be passed as `after` for the next one; nil when this was the last page.
        public var next: PhoneNumber?
    }

    /// Returns the sealer that opens PINs; throws when no key was given.
    func neededSealer(_ db: Database) throws -> PINSealer {
        if let sealer { return sealer }
        throw StorageError.keyNeeded(path: path, id: try Store.keyID(db))
    }

    private func page(
        after number: PhoneNumber?, through last: PhoneNumber? = nil, limit: Int,
        prepare: (Database, [(number: PhoneNumber, row: Result<NumberRow, StorageError>)]) throws -> Void = { _, _ in },
        load: (Database, PhoneNumber, NumberRow) throws -> NumberRecord
    ) throws(StorageError) -> Page {
        let limit = min(max(limit, 1), Self.pageLimit)
        return try read { db in
            var page = Page()
            let found = try db.numberRows(after: number, through: last, limit: limit)
            try prepare(db, found)
            for (number, row) in found {
                do {
                    page.records.append(try load(db, number, row.get()))
                } catch let error as StorageError where error.concernsOneSubmission {
                    page.failures.append((number, error))
                }
            }
            page.next = found.count == limit ? found.last?.number : nil
            return page
        }
    }

    /// Runs `body` on one snapshot, and converts errors to ``StorageError``.
    ///
    /// On the writer's own connection nothing can come between two statements. GRDB's `read` would set `PRAGMA
    /// query_only` before and after, which makes SQLite recompile every cached statement.
    func read<Value>(_ body: (Database) throws -> Value) throws(StorageError) -> Value {
        do {
            return queue.configuration.readonly ? try queue.read(body) : try queue.unsafeRead(body)
        } catch {
            throw StorageError(error, at: path)
        }
    }
}
