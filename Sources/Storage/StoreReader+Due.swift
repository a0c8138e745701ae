import GRDB
public import Planning

extension StoreReader {
    /// Returns the numbers of `request` with their PINs; PINs that cannot be opened are marked as unreadable.
    ///
    /// Of the due numbers the most urgent come first, account by account; a number that cannot be read stays due.
    /// Recent writes are those of the hour before `now`.
    public func load(_ request: LoadRequest, at now: Instant) throws(StorageError) -> DuePage {
        switch request {
        case .due(let limit, let excluding, let room):
            try due(at: now, limit: limit, excluding: excluding, room: room)
        case .numbers(let numbers):
            try read { db in
                var page = DuePage()
                for number in numbers { try add(number, to: &page, db, at: now) }
                return page
            }
        case .retrying(let limit, let last): try ahead(Self.retryAhead, at: now, limit: limit, after: last)
        case .windowed(let limit, let last): try ahead(Self.windowAhead, at: now, limit: limit, after: last)
        }
    }

    /// Returns the numbers whose instant lies ahead, in number order.
    private func ahead(
        _ sql: String, at now: Instant, limit: Int, after last: PhoneNumber?
    ) throws(StorageError) -> DuePage {
        try read { db in
            var page = DuePage()
            let arguments: StatementArguments = [last?.description ?? "", now.description, min(limit, Self.pageLimit)]
            let numbers = try db.rows(of: "numbers", sql, arguments) { try $0.number() }
            for number in numbers { try add(number, to: &page, db, at: now) }
            return page
        }
    }

    /// Returns the ages at `now` of the requests of the last minute, by the account to which they were sent. A request
    /// with a time in the future, from a clock that was corrected since, counts as sent now.
    public func recentRequests(at now: Instant) throws(StorageError) -> [Account: [Duration]] {
        let from = now.advanced(by: .zero - RequestWindow.length)
        return try read { db in
            var ages: [Account: [Duration]] = [:]
            let arguments: StatementArguments = [try db.firstChange(from: from), from.description]
            _ = try db.rows(of: "changes", Self.recentRequests, arguments) { row in
                let account = Account(text: row.text())
                ages[account, default: []].append(max(.zero, try row.instant("sent_at").duration(to: now)))
            }
            return ages
        }
    }

    /// Returns the accounts of managed numbers that the vendor has refused to disable.
    public func accountsRefusingDisable() throws(StorageError) -> Set<Account> {
        try read { db in
            let sql = """
                SELECT DISTINCT account FROM numbers INDEXED BY numbers_refused
                WHERE refused_when_on = 2 AND managed = 1
                """
            return Set(try db.rows(of: "numbers", sql) { row in Account(text: row.text()) })
        }
    }

    /// Returns true when any number in the desired state has a rotation window.
    public func hasWindows() throws(StorageError) -> Bool {
        try read { db in
            let sql = """
                SELECT EXISTS (SELECT 1 FROM numbers INDEXED BY numbers_windowed
                WHERE rotation_window IS NOT NULL AND managed = 1)
                """
            return try Bool.fetchOne(db, sql: sql) ?? false
        }
    }

    private func due(
        at now: Instant, limit: Int, excluding: Set<PhoneNumber>, room: DueRoom
    ) throws(StorageError) -> DuePage {
        let limit = min(max(limit, 1), Self.pageLimit)
        return try read { db in
            var page = DuePage()
            let groups = try Self.groups(db).map(\.group)
            for urgency in Urgency.allCases {
                var waiting = groups.filter { $0.urgency == urgency }
                while let group = waiting.popLast() {
                    // The part of its share that an account does not use is left to the others.
                    let free = max(0, limit - page.records.count - page.failures.count)
                    let share = min(room[group], free == 0 ? 0 : max(1, free / (waiting.count + 1)))
                    try add(group, atMost: share, dueBy: now, excluding: excluding, to: &page, db)
                }
            }
            return page
        }
    }

    /// Adds the due numbers of a group in order, and records the next due time, or that some are left.
    private func add(
        _ group: DueGroup, atMost limit: Int, dueBy now: Instant, excluding: Set<PhoneNumber>, to page: inout DuePage,
        _ db: Database
    ) throws {
        let statement = try db.cachedStatement(sql: Self.groupInTurn)
        statement.bind {
            $0.text(group.account.text)
            $0.integer(group.urgency.rawValue)
        }
        var numbers: [PhoneNumber] = []
        let cursor = try Row.fetchCursor(statement)
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: "numbers")
            let number = try reader.number()
            guard !excluding.contains(number) else { continue }
            let dueAt = try reader.instant("due_at")
            guard dueAt <= now else {
                page.nextDueAt = min(page.nextDueAt ?? dueAt, dueAt)
                break
            }
            guard numbers.count < limit else {
                page.backlog.insert(group)
                break
            }
            numbers.append(number)
        }
        for number in numbers { try add(number, to: &page, db, at: now) }
    }

    /// Returns the earliest due time of all numbers, which may be past; nil when no number has one.
    public func nextDueAt() throws(StorageError) -> Instant? {
        try read { db in try Self.groups(db).map(\.firstDueAt).min() }
    }

    /// Returns the groups that have due times, each with its first: one index lookup for each group.
    private static func groups(_ db: Database) throws -> [(group: DueGroup, firstDueAt: Instant)] {
        var groups: [(group: DueGroup, firstDueAt: Instant)] = []
        let statement = try db.cachedStatement(sql: nextGroup)
        var (account, urgency) = ("", -1)
        while true {
            statement.bind {
                $0.text(account)
                $0.integer(urgency)
            }
            let cursor = try Row.fetchCursor(statement)
            guard try cursor.next() != nil else { return groups }
            var reader = RowReader(at: statement, table: "numbers")
            account = reader.text()
            urgency = reader.integer()
            let group = DueGroup(
                account: Account(text: account),
                urgency: Urgency(rawValue: urgency) ?? .ordinary)
            groups.append((group, try reader.instant("due_at")))
        }
    }

    static let nextGroup = """
        SELECT account, urgency, due_at FROM numbers INDEXED BY numbers_by_turn
        WHERE due_at IS NOT NULL AND (account, urgency) > (?, ?) ORDER BY account, urgency, due_at, number LIMIT 1
        """
    static let groupInTurn = """
        SELECT number, due_at FROM numbers INDEXED BY numbers_by_turn
        WHERE account = ? AND urgency = ? AND due_at IS NOT NULL ORDER BY due_at, number
        """
    static let retryAhead = """
        SELECT number FROM numbers INDEXED BY numbers_retrying
        WHERE retry_at IS NOT NULL AND number > ? AND retry_at > ? AND managed = 1 ORDER BY number LIMIT ?
        """
    static let windowAhead = """
        SELECT number FROM numbers INDEXED BY numbers_windowed
        WHERE rotation_window IS NOT NULL AND managed = 1 AND number > ? AND due_at > ? ORDER BY number LIMIT ?
        """
    static let recentRequests = """
        SELECT account, sent_at FROM changes
        WHERE id >= ? AND sent_at > ? AND account IS NOT NULL ORDER BY id DESC LIMIT \(RequestWindow.remembered)
        """

    private func add(_ number: PhoneNumber, to page: inout DuePage, _ db: Database, at now: Instant) throws {
        do {
            guard let row = try db.numberRow(number) else { return }
            page.records.append(try db.record(number, row, at: now, neededSealer(db)))
        } catch let error as StorageError where error.concernsOneSubmission {
            page.failures.append(UnreadableNumber(number: number, message: error.description))
        }
    }
}
