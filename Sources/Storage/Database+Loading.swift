import GRDB
import Planning

extension Database {
    private static let rowByNumber = "SELECT \(NumberRow.columns) FROM numbers WHERE number = ?"
    private static let rowsAfter = """
        SELECT \(NumberRow.columns) FROM numbers WHERE number > ? AND number <= ? ORDER BY number LIMIT ?
        """
    private static let recentWrites = """
        SELECT sent_at FROM changes
        WHERE number = ? AND sent_at > ? AND sent_at < ?
            AND (outcome_reason IS NULL OR \(mayHaveLeft))
        ORDER BY sent_at DESC LIMIT 256
        """
    private static let allRecentWrites = """
        SELECT number, sent_at FROM changes
        WHERE id >= ? AND sent_at > ? AND sent_at < ?
            AND (outcome_reason IS NULL OR \(mayHaveLeft))
        """
    private static let firstChange = """
        SELECT CASE WHEN coalesce((SELECT min(hour) FROM change_hours), ?1) >= ?1 THEN 0
            ELSE coalesce((SELECT min(first_id) FROM change_hours WHERE hour >= ?1), \(Int64.max)) END
        """
    /// One by one: for a list SQLite would make a table each time that it is asked.
    private static let mayHaveLeft =
        OutcomeReason.allCases.filter(\.neverLeft).map { "outcome_reason <> '\($0.rawValue)'" }
        .joined(separator: " AND ")

    /// The number's row; nil when the store does not know it.
    func numberRow(_ number: PhoneNumber) throws -> NumberRow? {
        let statement = try cachedStatement(sql: Self.rowByNumber)
        statement.bind { $0.number(number) }
        let cursor = try Row.fetchCursor(statement)
        // The row is there as long as the cursor is.
        return try withExtendedLifetime(cursor) { try cursor.next().map { _ in try NumberRow(at: statement) } }
    }

    /// The numbers that follow `number` up to `last`, in number order, each with its row or what is wrong with it.
    func numberRows(
        after number: PhoneNumber?, through last: PhoneNumber? = nil, limit: Int
    ) throws -> [(number: PhoneNumber, row: Result<NumberRow, StorageError>)] {
        let statement = try cachedStatement(sql: Self.rowsAfter)
        let cursor = try Row.fetchCursor(
            statement, arguments: [number?.description ?? "", last?.description ?? "~", limit])
        var rows: [(PhoneNumber, Result<NumberRow, StorageError>)] = []
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let number = try reader.number()
            rows.append((number, Result { () throws(StorageError) in try NumberRow(at: statement) }))
        }
        return rows
    }

    /// When requests that may have reached the vendor were sent in the hour before `now`, ascending, at most 256.
    ///
    /// Stamps of a clock that was set back since count as well, up to an hour ahead.
    func recentWrites(of number: PhoneNumber, at now: Instant) throws -> [Instant] {
        let hour = Duration.seconds(3600)
        let statement = try cachedStatement(sql: Self.recentWrites)
        statement.bind { values in
            values.number(number)
            values.instant(now.advanced(by: .zero - hour))
            values.instant(now.advanced(by: hour))
        }
        let cursor = try Row.fetchCursor(statement)
        var writes: [Instant] = []
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "changes", key: number.description)
            writes.append(try reader.instant("sent_at"))
        }
        return writes.reversed()
    }

    /// What ``recentWrites(of:at:)`` gives, of all numbers at once.
    func recentWrites(at now: Instant) throws -> [PhoneNumber: [Instant]] {
        let hour = Duration.seconds(3600)
        let (from, until) = (now.advanced(by: .zero - hour), now.advanced(by: hour))
        var writes: [PhoneNumber: [Instant]] = [:]
        _ = try rows(
            of: "changes", Self.allRecentWrites, [try firstChange(from: from), from.description, until.description]
        ) { row in writes[try row.number(), default: []].append(try row.instant("sent_at")) }
        return writes.mapValues { $0.sorted().suffix(256) }
    }

    /// An id below which no request was sent at `instant` or later, whatever the clock did meanwhile.
    func firstChange(from instant: Instant) throws -> Int64 {
        let hour = String(instant.description.prefix(13))
        return try Int64.fetchOne(cachedStatement(sql: Self.firstChange), arguments: [hour]) ?? 0
    }

    /// A number without its PINs.
    func status(_ number: PhoneNumber, _ row: NumberRow, at now: Instant) throws -> StatusRow {
        try row.status(pins: PINRow.outline(of: number, self), recentWrites: recentWrites(of: number, at: now))
    }

    /// A number with its PINs opened.
    func record(
        _ number: PhoneNumber, _ row: NumberRow, at now: Instant, _ sealer: PINSealer?, path: String
    ) throws -> NumberRecord {
        let pins = try PINRow.working(set: number, self)
        let status = try row.status(pins: pins.map(\.summary), recentWrites: recentWrites(of: number, at: now))
        var record = status.record
        record.generations = try pins.map { pin in
            pin.summary.generation(with: try pin.pin(of: number, sealer, path: path))
        }
        return record
    }
}
