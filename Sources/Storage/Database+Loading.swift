import GRDB
import Planning

extension Database {
    private static let rowByNumber = "SELECT \(NumberRow.columns) FROM numbers WHERE number = ?"
    private static let rowsAfter = """
        SELECT \(NumberRow.columns) FROM numbers WHERE number > ? AND number <= ? ORDER BY number LIMIT ?
        """
    private static let recentWrites = """
        SELECT sent_at FROM changes
        WHERE number = ?1 AND sent_at > ?2 AND sent_at < ?3
            AND (outcome_reason IS NULL OR outcome_reason NOT IN (\(neverLeft)))
        UNION ALL SELECT sent_at FROM moved_writes WHERE number = ?1 AND sent_at > ?2 AND sent_at < ?3
        ORDER BY sent_at DESC LIMIT 256
        """
    private static let allRecentWrites = """
        SELECT number, sent_at FROM changes
        WHERE id >= ? AND sent_at > ? AND sent_at < ?
            AND (outcome_reason IS NULL OR outcome_reason NOT IN (\(neverLeft)))
        """
    private static let firstChange = """
        SELECT CASE WHEN coalesce((SELECT min(hour) FROM change_hours), ?1) >= ?1 THEN 0
            ELSE coalesce((SELECT min(first_id) FROM change_hours WHERE hour >= ?1), \(Int64.max)) END
        """
    private static let neverLeft =
        OutcomeReason.allCases.filter(\.neverLeft).map { "'\($0.rawValue)'" }.joined(separator: ", ")

    /// The number's row; nil when the store does not know it.
    func numberRow(_ number: PhoneNumber) throws -> NumberRow? {
        let statement = try cachedStatement(sql: Self.rowByNumber)
        return try Row.fetchOne(statement, arguments: [number.description]).map { try NumberRow($0) }
    }

    /// The numbers that follow `number` up to `last`, in number order, each with its row or what is wrong with it.
    func numberRows(
        after number: PhoneNumber?, through last: PhoneNumber? = nil, limit: Int
    ) throws -> [(number: PhoneNumber, row: Result<NumberRow, StorageError>)] {
        let statement = try cachedStatement(sql: Self.rowsAfter)
        let cursor = try Row.fetchCursor(
            statement, arguments: [number?.description ?? "", last?.description ?? "~", limit])
        var rows: [(PhoneNumber, Result<NumberRow, StorageError>)] = []
        while let row = try cursor.next() {
            var reader = RowReader(row, table: "numbers")
            let number = try reader.number()
            rows.append((number, Result { () throws(StorageError) in try NumberRow(row) }))
        }
        return rows
    }

    /// When requests that may have reached the vendor were sent in the hour before `now`, from here or from the store
    /// that the number came from, ascending, at most 256.
    ///
    /// Stamps of a clock that was set back since count as well, up to an hour ahead.
    func recentWrites(of number: PhoneNumber, at now: Instant) throws -> [Instant] {
        let hour = Duration.seconds(3600)
        let cursor = try Row.fetchCursor(
            cachedStatement(sql: Self.recentWrites),
            arguments: [
                number.description, now.advanced(by: .zero - hour).description, now.advanced(by: hour).description,
            ]
        )
        var writes: [Instant] = []
        while let row = try cursor.next() {
            var reader = RowReader(row, table: "changes", key: number.description)
            writes.append(try reader.instant("sent_at"))
        }
        return writes.reversed()
    }

    /// What ``recentWrites(of:at:)`` gives, of all numbers at once.
    func recentWrites(at now: Instant) throws -> [PhoneNumber: [Instant]] {
        let hour = Duration.seconds(3600)
        let (from, until) = (now.advanced(by: .zero - hour), now.advanced(by: hour))
        let cursor = try Row.fetchCursor(
            cachedStatement(sql: Self.allRecentWrites),
            arguments: [try firstChange(from: from), from.description, until.description])
        var writes: [PhoneNumber: [Instant]] = [:]
        while let row = try cursor.next() {
            var reader = RowReader(row, table: "changes")
            writes[try reader.number(), default: []].append(try reader.instant("sent_at"))
        }
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
