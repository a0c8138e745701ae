import GRDB
public import Planning

extension Store {
    /// Performs the mutations in order in one durable transaction: all, or none when it throws.
    ///
    /// Throws ``StorageError/mismatch(number:problem:)`` or `conflict` when a mutation does not fit what is stored,
    /// and `diskFull`, `io` and the like when the disk fails.
    public func commit(_ mutations: [StoreMutation]) throws(StorageError) {
        try commit(batch: [mutations])
    }

    /// Performs several submissions in one durable transaction: all, or none when it throws.
    func commit(batch: [[StoreMutation]]) throws(StorageError) {
        try write { db in
            var latest: Instant?
            for mutations in batch {
                for mutation in mutations {
                    try db.perform(mutation, sealer)
                    if let instant = mutation.recordedAt { latest = max(latest ?? instant, instant) }
                }
            }
            if let latest { try db.raiseClockMark(to: latest) }
        }
    }

    /// Takes the operator's word that the clock is right: the mark is set back to `now`, and an event tells of it.
    public func acceptClock(at now: Instant, actor: String) throws(StorageError) {
        try write { db in
            let old = try String.fetchOne(db, sql: "SELECT clock_mark FROM store_state") ?? ""
            try db.append(
                EventEntry(at: now, kind: .clockAccepted, actor: actor, detail: "the store had recorded \(old)"))
            try db.execute(sql: "UPDATE store_state SET clock_mark = ?", arguments: [now.description])
            // What was held until the clock would have caught up is looked at again.
            try db.execute(
                sql: "UPDATE numbers SET due_at = ? WHERE managed = 1 AND due_at > ?",
                arguments: [now.description, now.description])
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

extension Database {
    /// Takes note of where the clock has been; it is never set back by itself.
    func raiseClockMark(to instant: Instant) throws {
        try cachedStatement(sql: "UPDATE store_state SET clock_mark = max(clock_mark, ?)").run { $0.instant(instant) }
    }

    fileprivate func perform(_ mutation: StoreMutation, _ sealer: PINSealer) throws {
        switch mutation {
        case .save(let record, let newGeneration, let touched):
            try save(record, newGeneration: newGeneration, touched: touched, sealer)
        case .reschedule(let number, let dueAt):
            try reschedule(number, dueAt: dueAt)
        case .order(let order, let scope, let now):
            try perform(order, scope, at: now)
        case .guardState(let state):
            try perform(state)
        case .openChange(let entry):
            try openChange(entry)
        case .closeChange(let id, let answeredAt, let outcome):
            try closeChange(id, answeredAt: answeredAt, outcome)
        case .event(let entry):
            try append(entry)
        }
    }

    /// An unmanaged number is never due, whatever a decision of before its removal said.
    private func reschedule(_ number: PhoneNumber, dueAt: Instant?) throws {
        let statement = try cachedStatement(
            sql: "UPDATE numbers SET due_at = CASE managed WHEN 1 THEN ? END WHERE number = ?"
        )
        try statement.run { row in
            row.instant(dueAt)
            row.number(number)
        }
        guard changesCount == 1 else {
            throw StorageError.mismatch(number: number, problem: "the store does not know the number")
        }
    }

    private func openChange(_ entry: ChangeEntry) throws {
        let statement = try cachedStatement(
            sql: """
                INSERT INTO changes (id, number, action, reason, generation, sent_at, answered_at, outcome,
                    outcome_reason, http_status, api_status, message, retry_after)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
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

    /// Appends to the audit trail.
    func append(_ entry: EventEntry) throws {
        let statement = try cachedStatement(
            sql: "INSERT INTO events (at, kind, number, actor, detail) VALUES (?, ?, ?, ?, ?)"
        )
        try statement.run { row in
            row.instant(entry.at)
            row.text(entry.kind.rawValue)
            row.text(entry.number?.description)
            row.text(entry.actor.boundedLine(to: TextLimit.line))
            row.text(entry.detail.boundedLine(to: TextLimit.line))
        }
    }
}

extension Bindings {
    /// The six columns of an answer.
    fileprivate mutating func outcome(_ outcome: Outcome?) {
        text(outcome?.verdict.rawValue)
        text(outcome?.reason.rawValue)
        integer(outcome?.httpStatus)
        integer(outcome?.apiStatus)
        text(outcome?.message?.boundedLine(to: TextLimit.line))
        text(outcome?.retryAfter?.periodText)
    }
}
