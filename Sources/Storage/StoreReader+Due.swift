import GRDB
public import Planning

extension StoreReader {
    /// The numbers that `request` asks for, with their PINs; PINs that cannot be opened are unreadable.
    ///
    /// Of those that are due the most urgent come first, and as many failures may come on top of the limit; what fails
    /// stays due. Recent writes are those of the hour before `now`.
    public func load(_ request: LoadRequest, at now: Instant) throws(StorageError) -> DuePage {
        switch request {
        case .due(let limit, let excluding): try due(at: now, limit: limit, excluding: excluding)
        case .numbers(let numbers):
            try read { db in
                var page = DuePage()
                for number in numbers { try add(number, to: &page, db, at: now) }
                return page
            }
        }
    }

    private func due(
        at now: Instant, limit: Int, excluding: Set<PhoneNumber>
    ) throws(StorageError) -> DuePage {
        let limit = min(max(limit, 1), Self.pageLimit)
        return try read { db in
            var page = DuePage()
            var taken: Set<PhoneNumber> = []
            for query in [Self.exposedDue, Self.otherDue] {
                let wanted = 2 * limit - page.records.count - page.failures.count
                let found = try Self.numbers(db, query, dueBy: now, limit: wanted, excluding: excluding)
                for number in found where page.records.count < limit && page.failures.count < limit {
                    try add(number, to: &page, db, at: now)
                    taken.insert(number)
                }
            }
            page.nextDueAt = try Self.nextDueAt(db, excluding: excluding.union(taken))
            return page
        }
    }

    /// How soon anything is due, whatever that is; nil when nothing ever is.
    public func nextDueAt() throws(StorageError) -> Instant? {
        try read { db in try Self.nextDueAt(db, excluding: []) }
    }

    static let exposedDue = """
        SELECT number FROM numbers INDEXED BY numbers_exposed
        WHERE cycle_since IS NOT NULL AND due_at <= ? ORDER BY due_at, number
        """
    static let otherDue = """
        SELECT number FROM numbers INDEXED BY numbers_by_due
        WHERE due_at IS NOT NULL AND due_at <= ? AND cycle_since IS NULL ORDER BY due_at, number
        """
    static let dueInOrder = """
        SELECT number, due_at FROM numbers INDEXED BY numbers_by_due WHERE due_at IS NOT NULL ORDER BY due_at, number
        """

    private func add(_ number: PhoneNumber, to page: inout DuePage, _ db: Database, at now: Instant) throws {
        do {
            guard let row = try db.numberRow(number) else { return }
            page.records.append(try db.record(number, row, at: now, neededSealer(db)))
        } catch let error as StorageError where error.concernsOneSubmission {
            page.failures.append(UnreadableNumber(number: number, message: error.description))
        }
    }

    private static func numbers(
        _ db: Database, _ query: String, dueBy now: Instant, limit: Int, excluding: Set<PhoneNumber>
    ) throws -> [PhoneNumber] {
        let statement = try db.cachedStatement(sql: query)
        statement.bind { $0.instant(now) }
        let cursor = try Row.fetchCursor(statement)
        var numbers: [PhoneNumber] = []
        while numbers.count < limit, try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let number = try reader.number()
            if !excluding.contains(number) { numbers.append(number) }
        }
        return numbers
    }

    private static func nextDueAt(_ db: Database, excluding: Set<PhoneNumber>) throws -> Instant? {
        let statement = try db.cachedStatement(sql: dueInOrder)
        let cursor = try Row.fetchCursor(statement)
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let number = try reader.number()
            if !excluding.contains(number) { return try reader.instant("due_at") }
        }
        return nil
    }
}
