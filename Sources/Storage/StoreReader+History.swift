import GRDB
public import Planning

/// One row of the audit trail, with its id for paging.
public struct StoredEvent: Hashable, Sendable {
    /// Ascending, unique in the store.
    public let id: Int64
    public let entry: EventEntry
}

/// The counts of the requests of one day.
public struct DayOfChanges: Hashable, Sendable {
    /// `2026-11-23`, in UTC.
    public let day: String
    public let accepted: Int
    /// Requests that were not accepted, or have no answer.
    public let others: Int
}

extension StoreReader {
    /// Returns the requests of `number`, or of all numbers, newest first; for the next page only entries with an id
    /// below `before`.
    public func history(
        of number: PhoneNumber? = nil, limit: Int, before: Int64? = nil
    ) throws(StorageError) -> [ChangeEntry] {
        let filter = number == nil ? "" : "number = ? AND "
        let sql = "SELECT \(ChangeRow.columns) FROM changes WHERE \(filter)id < ? ORDER BY id DESC LIMIT ?"
        return try read { db in
            try ChangeRow.fetch(db, sql, Self.pageArguments(number, limit, before))
        }
    }

    /// Returns the audit trail of `number`, or of all numbers and the fleet, newest first.
    public func events(
        of number: PhoneNumber? = nil, limit: Int, before: Int64? = nil
    ) throws(StorageError) -> [StoredEvent] {
        let filter = number == nil ? "" : "number = ? AND "
        let sql =
            "SELECT id, at, kind, number, actor, detail FROM events WHERE \(filter)id < ? ORDER BY id DESC LIMIT ?"
        return try read { db in
            try StoredEvent.fetch(db, sql, Self.pageArguments(number, limit, before))
        }
    }

    /// Returns the requests without an answer, oldest first. When no daemon works on the store, one was stopped in the
    /// middle.
    public func unansweredChanges() throws(StorageError) -> [ChangeEntry] {
        try read { db in try ChangeRow.unanswered(db) }
    }

    /// The maximum of requests that ``changesPerDay(from:limit:)`` counts for a page.
    public static let maxCounted = 100_000

    /// Returns the counts of requests of each day (UTC) from `first` on, oldest first, among the newest `limit`
    /// requests.
    public func changesPerDay(
        from first: Instant, limit: Int = maxCounted
    ) throws(StorageError) -> [DayOfChanges] {
        try read { db in
            let sql = """
                SELECT substr(sent_at, 1, 10), count(*) FILTER (WHERE outcome = 'accepted'), count(*)
                FROM (SELECT sent_at, outcome FROM changes ORDER BY id DESC LIMIT ?) WHERE sent_at >= ?
                GROUP BY 1 ORDER BY 1
                """
            return try Row.fetchAll(db, sql: sql, arguments: [limit, first.description]).map { row in
                let (accepted, all): (Int, Int) = (row[1], row[2])
                return DayOfChanges(day: row[0], accepted: accepted, others: all - accepted)
            }
        }
    }

    /// Returns the id for the next request: one more than the highest.
    public func nextChangeID() throws(StorageError) -> Int64 {
        try read { db in
            let highest = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM changes"))
            return (highest ?? 0) + 1
        }
    }

    private static func pageArguments(_ number: PhoneNumber?, _ limit: Int, _ before: Int64?) -> StatementArguments {
        let filter: StatementArguments = number.map { [$0.description] } ?? []
        return filter + [before ?? Int64.max, min(max(limit, 1), pageLimit)]
    }
}

extension StoredEvent {
    /// Returns the events that `sql` selects. Its columns must be those of ``init(_:)``, in their order.
    static func fetch(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [StoredEvent] {
        try db.rows(of: "events", sql, arguments) { try StoredEvent(&$0) }
    }

    private init(_ reader: inout RowReader) throws(StorageError) {
        id = reader.identifier()
        reader.identify(as: "\(id)")
        entry = EventEntry(
            at: try reader.instant("at"), kind: try reader.value("kind") { EventKind(rawValue: $0) },
            number: try reader.optional("number") { PhoneNumber($0) }, actor: reader.text(), detail: reader.text()
        )
    }
}
