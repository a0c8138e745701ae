import GRDB
import Planning

extension Database {
    private static let rowByNumber = "SELECT \(NumberRow.columns) FROM numbers WHERE number = ?"
    private static let rowsByNumber = """
        SELECT \(NumberRow.columns) FROM numbers WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number
        """
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
        SELECT (SELECT min(hour) FROM change_hours), (SELECT min(first_id) FROM change_hours WHERE hour >= ?)
        """
    /// One comparison each: for a list, SQLite would build a table on every run.
    private static let mayHaveLeft =
        OutcomeReason.allCases.filter(\.neverSent).map { "outcome_reason <> '\($0.rawValue)'" }
        .joined(separator: " AND ")

    /// Returns the number's row; nil when the store does not know it.
    func numberRow(_ number: PhoneNumber) throws -> NumberRow? {
        let statement = try cachedStatement(sql: Self.rowByNumber)
        statement.bind { $0.number(number) }
        let cursor = try Row.fetchCursor(statement)
        // The row is there as long as the cursor is.
        return try withExtendedLifetime(cursor) { try cursor.next().map { _ in try NumberRow(at: statement) } }
    }

    /// Returns the numbers after `number` up to `last`, in number order, each with its row or the row's error.
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

    /// Returns when the requests were sent that may have reached the vendor in the hour before `now`; ascending, at
    /// most 256.
    ///
    /// Times up to an hour ahead count as well: the clock may have been set back since.
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

    /// Returns the same as ``recentWrites(of:at:)``, for all numbers at once.
    func recentWrites(at now: Instant) throws -> [PhoneNumber: [Instant]] {
        let hour = Duration.seconds(3600)
        let (from, until) = (now.advanced(by: .zero - hour), now.advanced(by: hour))
        var writes: [PhoneNumber: [Instant]] = [:]
        _ = try rows(
            of: "changes", Self.allRecentWrites, [try firstChange(from: from), from.description, until.description]
        ) { row in writes[try row.number(), default: []].append(try row.instant("sent_at")) }
        return writes.mapValues { $0.sorted().suffix(256) }
    }

    /// Returns an id below which no request was sent at `instant` or later, even if the clock was set in between.
    func firstChange(from instant: Instant) throws -> Int64 {
        let hour = String(instant.description.prefix(13))
        guard let row = try Row.fetchOne(cachedStatement(sql: Self.firstChange), arguments: [hour]),
            let oldest: String = row[0], oldest < hour
        else { return 0 }
        return row[1] ?? Int64.max
    }

    /// Returns the record of a number with its PINs opened by `sealer`; PINs that it cannot open are marked as
    /// unreadable.
    func record(
        _ number: PhoneNumber, _ row: NumberRow, at now: Instant, _ sealer: PINSealer
    ) throws -> NumberRecord {
        try row.record(pins: PINRow.working(set: number, sealer, self), recentWrites: recentWrites(of: number, at: now))
    }

    /// Returns the records of these numbers as the core's transformations need them: PINs closed, only those that may
    /// be live and the newest one, and no recent writes. In number order; unknown numbers are left out.
    func closedRecords(
        of numbers: some Collection<PhoneNumber>
    ) throws -> [(number: PhoneNumber, record: Result<NumberRecord, StorageError>)] {
        guard !numbers.isEmpty else { return [] }
        let numbers = Array(numbers)
        let outlines = try PINRow.outlines(of: .numbers(numbers), self)
        let statement = try cachedStatement(sql: Self.rowsByNumber)
        let cursor = try Row.fetchCursor(statement, arguments: [numbers.jsonText])
        var records: [(PhoneNumber, Result<NumberRecord, StorageError>)] = []
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let number = try reader.number()
            records.append(
                (
                    number,
                    Result { () throws(StorageError) in
                        try NumberRow(at: statement).record(pins: outlines[number]?.get() ?? [])
                    }
                ))
        }
        return records
    }
}
