import GRDB
import GRDBSQLite
public import Planning

extension Store {
    /// Performs the mutations in order in one durable transaction: all of them, or none when it throws.
    ///
    /// Throws `StorageError/outdated(number:)`, `mismatch` or `conflict` when a mutation does not match the stored
    /// rows, and errors such as `diskFull` or `io` when the disk fails.
    @discardableResult
    public func commit(_ mutations: [StoreMutation]) throws(StorageError) -> CommitReceipt {
        try commit(batch: [mutations])[0].get()
    }

    /// Performs several submissions, each all or none, in one durable transaction. A submission whose content the store
    /// refuses fails alone; when the disk fails, all the others fail as well.
    func commit(batch: [[StoreMutation]]) -> [Result<CommitReceipt, StorageError>] {
        let failure: StorageError
        do {
            return try commit(together: batch)
        } catch {
            failure = error
        }
        guard failure.concernsOneSubmission, batch.count > 1 else { return batch.map { _ in .failure(failure) } }
        return commit(apart: batch)
    }

    /// Commits without a savepoint for each submission, because refusals are rare.
    private func commit(
        together batch: [[StoreMutation]]
    ) throws(StorageError) -> [Result<CommitReceipt, StorageError>] {
        try write { db in
            let receipts = try batch.map { try perform($0, db) }
            try raiseClockMark(batch, db)
            return receipts.map { .success($0) }
        }
    }

    /// Commits each submission in a savepoint, so that a refused one leaves nothing behind.
    private func commit(apart batch: [[StoreMutation]]) -> [Result<CommitReceipt, StorageError>] {
        var refused: [Int: StorageError] = [:]
        do {
            return try write { db in
                var results: [Result<CommitReceipt, StorageError>] = []
                for (index, mutations) in batch.enumerated() {
                    do throws(StorageError) {
                        results.append(.success(try performInSavepoint(mutations, db)))
                    } catch {
                        guard error.concernsOneSubmission else { throw error }
                        refused[index] = error
                        results.append(.failure(error))
                    }
                }
                try raiseClockMark(zip(batch, results).filter { (try? $0.1.get()) != nil }.map(\.0), db)
                return results
            }
        } catch {
            return batch.indices.map { .failure(refused[$0] ?? error) }
        }
    }

    private func performInSavepoint(
        _ mutations: [StoreMutation], _ db: Database
    ) throws(StorageError) -> CommitReceipt {
        let noted = notes.count
        do {
            var receipt = CommitReceipt()
            try db.inSavepoint {
                receipt = try perform(mutations, db)
                return .commit
            }
            return receipt
        } catch {
            notes.drop(after: noted)
            throw StorageError(error, at: path)
        }
    }

    private func perform(_ mutations: [StoreMutation], _ db: Database) throws -> CommitReceipt {
        var receipt = CommitReceipt()
        for mutation in mutations { try perform(mutation, into: &receipt, db) }
        try checkReferences(db)
        return receipt
    }

    /// Checks the deferred references. A request may be written before its PIN, so SQLite checks the reference only at
    /// the commit of the whole batch; this check runs while the submission at fault is still known.
    private func checkReferences(_ db: Database) throws {
        var (open, highest): (Int32, Int32) = (0, 0)
        guard
            sqlite3_db_status(db.sqliteConnection, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &highest, 0) == SQLITE_OK,
            open == 0
        else {
            throw StorageError.conflict(problem: "a request refers to a number or a PIN that does not exist")
        }
    }

    private func raiseClockMark(_ batch: [[StoreMutation]], _ db: Database) throws {
        guard let latest = batch.joined().lazy.compactMap(\.recordedAt).max() else { return }
        // The mark only moves forward; an operator alone can set it back.
        try db.cachedStatement(sql: "UPDATE store_state SET clock_mark = max(clock_mark, ?)").run { $0.instant(latest) }
    }

    /// Accepts the clock as right on the operator's statement: sets the mark back to `now`, makes every later instant
    /// of a number count as now, and records an event.
    ///
    /// - Returns: the number of numbers that had a later instant.
    @discardableResult
    public func acceptClock(at now: Instant, actor: String) throws(StorageError) -> Int {
        try write { db in
            let old = try String.fetchOne(db, sql: "SELECT clock_mark FROM store_state") ?? ""
            try db.execute(sql: "UPDATE store_state SET clock_mark = ?", arguments: [now.description])
            var corrected = 0
            let unreadable = try transform("TRUE", db) { record in
                let next = record.clockAccepted(at: now)
                if next != record { corrected += 1 }
                return next
            }
            let detail = "the store had recorded \(old); numbers with later instants, which count as now: \(corrected)"
            try append(EventEntry(at: now, kind: .clockAccepted, actor: actor, detail: detail), db)
            for number in unreadable { try makeDue(number.number, at: now, db) }
            try reportUnreadable(unreadable, at: now, db)
            return corrected
        }
    }
}

extension StoreMutation {
    /// The instant that this mutation writes into the history; nil when it writes none.
    fileprivate var recordedAt: Instant? {
        switch self {
        case .save, .reschedule, .order, .guardState: nil
        case .openChange(let entry): entry.sentAt
        case .closeChange(_, let answeredAt, _): answeredAt
        case .event(let entry): entry.at
        }
    }
}

extension Store {
    private func perform(_ mutation: StoreMutation, into receipt: inout CommitReceipt, _ db: Database) throws {
        switch mutation {
        case .save(let record, let newGeneration, let touched):
            try save(record, newGeneration: newGeneration, touched: touched, db)
        case .reschedule(let record):
            try reschedule(record, db)
        case .order(let order, let scope, let now):
            receipt.unreadable += try perform(order, scope, at: now, db)
        case .guardState(let state):
            try db.perform(state)
        case .openChange(let entry):
            try db.openChange(entry)
        case .closeChange(let id, let answeredAt, let outcome):
            try db.closeChange(id, answeredAt: answeredAt, outcome)
        case .event(let entry):
            try append(entry, db)
        }
    }
}

extension Database {
    fileprivate func openChange(_ entry: ChangeEntry) throws {
        let statement = try cachedStatement(
            sql: """
                INSERT INTO changes (id, number, action, reason, generation, sent_at, answered_at, outcome,
                    outcome_reason, http_status, api_status, message, retry_after, account)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        guard (entry.answeredAt == nil) == (entry.outcome == nil) else {
            throw StorageError.mismatch(number: entry.number, problem: "change \(entry.id) is answered without outcome")
        }
        try statement.run { row in
            row.integer(entry.id)
            row.number(entry.number)
            row.text(entry.action.rawValue)
            row.text(entry.reason.rawValue)
            row.integer(entry.generation)
            row.instant(entry.sentAt)
            row.instant(entry.answeredAt)
            row.outcome(entry.outcome)
            row.text(entry.account?.text)
        }
    }

    /// Completes an open history entry.
    func closeChange(_ id: Int64, answeredAt: Instant, _ outcome: Outcome) throws {
        let statement = try cachedStatement(
            sql: """
                UPDATE changes SET answered_at = ?, outcome = ?, outcome_reason = ?, http_status = ?, api_status = ?,
                    message = ?, retry_after = ?
                WHERE id = ?
                """
        )
        try statement.run { row in
            row.instant(answeredAt)
            row.outcome(outcome)
            row.integer(id)
        }
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: nil, problem: "there is no change \(id) to complete")
        }
    }
}

extension Bindings {
    /// Binds the six columns of an answer.
    fileprivate mutating func outcome(_ outcome: Outcome?) {
        text(outcome?.verdict.rawValue)
        text(outcome?.reason.rawValue)
        integer(outcome?.httpStatus)
        integer(outcome?.apiStatus)
        text(outcome?.message?.boundedLine(to: TextLimit.line))
        text(outcome?.retryAfter?.periodText)
    }
}
