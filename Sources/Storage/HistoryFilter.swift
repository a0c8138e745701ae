import GRDB
public import Planning

/// A filter for the history; a property that is nil or empty does not filter.
public struct HistoryFilter: Hashable, Sendable {
    /// The way in which a request ended, or that it has not ended.
    public enum OutcomeMatch: Hashable, Sendable {
        case ended(Verdict)
        /// In flight, or cut off by a stop.
        case unanswered
    }

    public var number: PhoneNumber?
    /// The first instant: when a request was sent, or an event happened.
    public var since: Instant?
    /// The end of the time span; not included.
    public var until: Instant?
    /// Only requests with one of these outcomes.
    public var outcomes: Set<OutcomeMatch> = []
    /// Only events of these kinds.
    public var kinds: Set<EventKind> = []

    public init(number: PhoneNumber? = nil, since: Instant? = nil, until: Instant? = nil) {
        self.number = number
        self.since = since
        self.until = until
    }

    /// A condition on `changes`, and the arguments for its question marks.
    var changes: (sql: String, arguments: StatementArguments) {
        var (conditions, arguments) = common(time: "sent_at")
        let verdicts: [Verdict] = outcomes.compactMap { ending in
            guard case .ended(let verdict) = ending else { return nil }
            return verdict
        }
        if !outcomes.isEmpty {
            let open = outcomes.contains(.unanswered) ? " OR outcome IS NULL" : ""
            conditions.append("(outcome IN (\(Self.marks(verdicts.count)))\(open))")
            arguments += StatementArguments(verdicts.map(\.rawValue).sorted())
            // Written as in the partial index, which leads to the few such rows among millions.
            if open.isEmpty, !verdicts.contains(.accepted) { conditions.append("outcome <> 'accepted'") }
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    /// A condition on `events`, and the arguments for its question marks.
    var events: (sql: String, arguments: StatementArguments) {
        var (conditions, arguments) = common(time: "at")
        if !kinds.isEmpty {
            conditions.append("kind IN (\(Self.marks(kinds.count)))")
            arguments += StatementArguments(kinds.map(\.rawValue).sorted())
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    private func common(time: String) -> ([String], StatementArguments) {
        var conditions = ["TRUE"]
        var arguments = StatementArguments()
        for (condition, value) in [
            ("number = ?", number?.description), ("\(time) >= ?", since?.description),
            ("\(time) < ?", until?.description),
        ] {
            guard let value else { continue }
            conditions.append(condition)
            arguments += [value]
        }
        return (conditions, arguments)
    }

    private static func marks(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
}

/// The position of a client that follows the requests.
public struct HistoryCursor: Hashable, Sendable {
    /// The newest request that the client has seen, ended or not; 0 for none.
    public let newest: Int64
    /// The ids up to ``newest`` that had no answer yet; as many as requests are in flight.
    public let open: Set<Int64>
}

extension StoreReader {
    /// Returns the requests that match `filter` and have an id above `id`, oldest first, at most a page.
    public func changes(
        matching filter: HistoryFilter, after id: Int64 = 0, limit: Int
    ) throws(StorageError) -> [ChangeEntry] {
        let (condition, arguments) = filter.changes
        let sql = "SELECT \(ChangeRow.columns) FROM changes WHERE \(condition) AND id > ? ORDER BY id LIMIT ?"
        return try read { db in
            let after = max(id, try Self.bound(db, filter))
            return try ChangeRow.fetch(db, sql, arguments + [after, min(max(limit, 1), Self.pageLimit)])
        }
    }

    /// Returns the id just before the newest `count` requests, for ``changes(matching:after:limit:)``.
    public func changeID(beforeNewest count: Int, matching filter: HistoryFilter) throws(StorageError) -> Int64 {
        try read { db in
            let (sql, arguments) = filter.changes
            return try Self.identifier(
                in: "changes", (sql + " AND id > ?", arguments + [try Self.bound(db, filter)]), beforeNewest: count, db)
        }
    }

    /// Returns an id below all requests that match the time of `filter`.
    private static func bound(_ db: Database, _ filter: HistoryFilter) throws -> Int64 {
        try filter.since.map { try db.firstChange(from: $0) - 1 } ?? 0
    }

    /// Returns the events that match `filter` and have an id above `id`, oldest first, at most a page.
    public func events(
        matching filter: HistoryFilter, after id: Int64 = 0, limit: Int
    ) throws(StorageError) -> [StoredEvent] {
        let (condition, arguments) = filter.events
        let sql = """
            SELECT id, at, kind, number, actor, detail FROM events WHERE \(condition) AND id > ? ORDER BY id LIMIT ?
            """
        return try read { db in
            try StoredEvent.fetch(db, sql, arguments + [id, min(max(limit, 1), Self.pageLimit)])
        }
    }

    /// Returns the id just before the newest `count` events, for ``events(matching:after:limit:)``.
    public func eventID(beforeNewest count: Int, matching filter: HistoryFilter) throws(StorageError) -> Int64 {
        try read { db in try Self.identifier(in: "events", filter.events, beforeNewest: count, db) }
    }

    private static func identifier(
        in table: String, _ filter: (sql: String, arguments: StatementArguments), beforeNewest count: Int,
        _ db: Database
    ) throws -> Int64 {
        let sql = "SELECT id FROM \(table) WHERE \(filter.sql) ORDER BY id DESC LIMIT 1 OFFSET ?"
        return try Int64.fetchOne(db.cachedStatement(sql: sql), arguments: filter.arguments + [max(count, 0)]) ?? 0
    }
}

// MARK: - Following

extension StoreReader {
    /// Returns the position from which a client follows new requests: all earlier ones are old, except those still in
    /// flight.
    public func historyCursor() throws(StorageError) -> HistoryCursor {
        try read { db in try Self.cursor(db, upTo: .max) }
    }

    /// Returns the requests that ended since `cursor`, in the order in which they ended, and advances the cursor past
    /// them.
    ///
    /// One call reads at most a page: call again until the result is empty.
    public func endedChanges(
        since cursor: inout HistoryCursor, matching filter: HistoryFilter
    ) throws(StorageError) -> [ChangeEntry] {
        let (condition, arguments) = filter.changes
        // By id alone, so that a long history of one number is not read again and again.
        let sql = """
            SELECT \(ChangeRow.columns) FROM changes NOT INDEXED
            WHERE \(condition) AND answered_at IS NOT NULL AND id <= ?
                AND (id > ? OR id IN (SELECT value FROM json_each(?)))
            ORDER BY answered_at, id
            """
        let last = cursor
        let (ended, next) = try read { db in
            let next = try Self.cursor(db, upTo: last.newest + Int64(Self.pageLimit))
            let open = "[" + last.open.map(String.init).joined(separator: ",") + "]"
            let ended = try ChangeRow.fetch(db, sql, arguments + [next.newest, last.newest, open])
            return (ended, next)
        }
        cursor = next
        return ended
    }

    private static func cursor(_ db: Database, upTo limit: Int64) throws -> HistoryCursor {
        let newest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM changes")) ?? 0
        let bound = min(newest, limit)
        let open = try Int64.fetchAll(
            db.cachedStatement(
                sql: "SELECT id FROM changes INDEXED BY changes_unanswered WHERE answered_at IS NULL AND id <= ?"),
            arguments: [bound])
        return HistoryCursor(newest: bound, open: Set(open))
    }
}
