import GRDB
import Planning

extension Store {
    /// The number of rows that are loaded at once for a transformation of the core.
    static let rowsAtOnce = 1000

    /// Applies an order to the managed numbers in its scope, as `NumberRecord/obeying(_:toFleet:at:)` defines. Unknown
    /// numbers are left out.
    ///
    /// - Returns: for an order to the fleet, the numbers whose records cannot be read, to which it was not applied. For
    ///   an order to named numbers such a record is an error.
    func perform(
        _ order: Order, _ scope: OrderScope, at now: Instant, _ db: Database
    ) throws -> [UnreadableNumber] {
        let obey: (NumberRecord) -> NumberRecord = { $0.obeying(order, toFleet: scope.isFleet, at: now) }
        switch (scope, order) {
        case (.numbers(let numbers), _):
            for page in Set(numbers).sorted().pages(of: Self.rowsAtOnce) {
                for (_, record) in try db.closedRecords(of: page) {
                    let stored = try record.get()
                    try write(obey(stored), over: stored, db)
                }
            }
            return []
        case (.all, .pause(let pause)):
            try pauseFleet(pause, db)
            return []
        case (.all, .resume):
            try pauseFleet(nil, db)
            try resumeWaiting(db, obey)
            return []
        case (.all, .rotate), (.all, .reapply), (.all, .reset), (.all, .observe):
            return try transform("managed = 1", db, obey)
        }
    }

    private func pauseFleet(_ pause: Pause?, _ db: Database) throws {
        try db.cachedStatement(sql: "UPDATE store_state SET \(PauseColumns.assignments)").run { $0.pause(pause) }
    }

    /// Ends the fleet's pause for the numbers that are managed and have no due time; changes no others.
    ///
    /// After a long pause these may be the whole fleet. The rule reads only properties that they have in common, so the
    /// core is asked once, for a record that is managed and has no due time, and its answer is written to all of them.
    private func resumeWaiting(_ db: Database, _ obey: (NumberRecord) -> NumberRecord) throws {
        let waiting = "managed = 1 AND due_at IS NULL"
        let first = try db.firstRow(of: "numbers", "SELECT number FROM numbers WHERE \(waiting) LIMIT 1") { row in
            try row.number()
        }
        guard let number = first else { return }
        let held = NumberRecord(number: number, desired: DesiredNumber(number: number, tokenName: ""))
        let resumed = obey(held)
        guard resumed != held else { return }
        try db.cachedStatement(sql: "UPDATE numbers SET version = version + 1, due_at = ? WHERE \(waiting)").run {
            $0.instant(resumed.dueAt)
        }
    }

    /// Writes the result of `transformation` for every record whose row matches `condition`, page by page.
    ///
    /// - Returns: the numbers whose records cannot be read, which are left out.
    func transform(
        _ condition: String, _ db: Database, _ transformation: (NumberRecord) -> NumberRecord
    ) throws -> [UnreadableNumber] {
        let sql =
            "SELECT number FROM numbers WHERE number > ? AND \(condition) ORDER BY number LIMIT \(Self.rowsAtOnce)"
        var unreadable: [UnreadableNumber] = []
        var last = ""
        while true {
            let page = try db.rows(of: "numbers", sql, [last]) { try $0.number() }
            for (number, record) in try db.closedRecords(of: page) {
                try attempt(number, &unreadable) {
                    let stored = try record.get()
                    try write(transformation(stored), over: stored, db)
                }
            }
            guard page.count == Self.rowsAtOnce, let end = page.last else { return unreadable }
            last = end.description
        }
    }
}

extension Array {
    /// Returns the elements in order, in parts of at most `count`.
    func pages(of count: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: self.count, by: count).map { self[$0..<Swift.min($0 + count, self.count)] }
    }
}
