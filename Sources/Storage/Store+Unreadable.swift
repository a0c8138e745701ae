import GRDB
import Planning

/// Numbers whose records cannot be read, so that no transformation of the core can be applied to them.
///
/// They get the widest belief, which is true of every number. The only loss is the knowledge of which PIN is live; once
/// the record can be read again, the number is first brought to certainty.
extension Store {
    /// Writes the widest belief of a number, and the doubt of a request that may still land. A managed number becomes
    /// due.
    func writeWidestBelief(
        of number: PhoneNumber, afterDoubtful effect: Effect? = nil, at now: Instant, _ db: Database
    ) throws {
        var assignments = [
            "maybe_off = 1", "maybe_foreign = 1", "answered_at = '\(now)'", "observer_asked_at = NULL",
        ]
        switch effect {
        case nil: break
        case .off: assignments.append("off_doubt_at = '\(now)'")
        case .on(let generation):
            try db.execute(
                sql: """
                    UPDATE pins SET maybe_live = 1, doubt_at = ?, live_until = NULL WHERE number = ? AND generation = ?
                    """, arguments: [now.description, number.description, generation])
        }
        try writeUnread(assignments, of: number, at: now, db)
    }

    /// Makes a managed number due.
    func makeDue(_ number: PhoneNumber, at now: Instant, _ db: Database) throws {
        try writeUnread([], of: number, at: now, db)
    }

    private func writeUnread(_ assignments: [String], of number: PhoneNumber, at now: Instant, _ db: Database) throws {
        let number = number.description
        let isManaged = try Bool.fetchOne(db, sql: "SELECT managed FROM numbers WHERE number = ?", arguments: [number])
        let all = ["version = version + 1", "due_at = ?"] + assignments
        try db.execute(
            sql: "UPDATE numbers SET \(all.joined(separator: ", ")) WHERE number = ?",
            arguments: [isManaged == true ? now.description : nil, number])
    }

    /// Writes the entry of a number beside its widest belief; nil when it has no entry.
    func writeEntryAlone(
        _ entry: DesiredNumber?, of number: PhoneNumber, revision: Int, at now: Instant, _ db: Database
    ) throws {
        var assignments = ["managed = ?", "due_at = ?", "desired_revision = ?"]
        var arguments: StatementArguments = [entry != nil, entry.map { _ in now.description }, revision]
        if let entry {
            assignments += DesiredNumber.columns.map { "\($0) = ?" }
            arguments += StatementArguments(entry.columnValues)
        }
        let sql = """
            UPDATE numbers SET version = version + 1, maybe_off = 1, maybe_foreign = 1,
                \(assignments.joined(separator: ", ")) WHERE number = ?
            """
        try db.execute(sql: sql, arguments: arguments + [number.description])
    }

    /// Reports the unreadable numbers in the audit trail.
    func reportUnreadable(_ numbers: [UnreadableNumber], at now: Instant, _ db: Database) throws {
        for number in numbers {
            try append(
                EventEntry(at: now, kind: .recordUnreadable, number: number.number, detail: number.message), db)
        }
    }

    /// Runs `work`, a single statement on one number's row. An error of that number alone is added to `unreadable`; any
    /// other error is thrown.
    ///
    /// - Returns: true when `work` succeeded.
    @discardableResult
    func attempt(
        _ number: PhoneNumber, _ unreadable: inout [UnreadableNumber], _ work: () throws -> Void
    ) throws -> Bool {
        do {
            try work()
            return true
        } catch {
            let error = StorageError(error, at: path)
            guard error.concernsOneSubmission else { throw error }
            unreadable.append(UnreadableNumber(number: number, message: error.description))
            return false
        }
    }
}
