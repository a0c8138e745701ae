import GRDB
public import Planning

extension Store {
    /// Closes every request that an earlier process left without an answer, in one transaction: each may have been
    /// carried out, or may still be.
    ///
    /// Each request is closed as in doubt (`daemon_stopped`) at `now`, and `NumberRecord/interrupted(in:at:)` is
    /// applied to its number's record. One audit event reports all of them. A record that cannot be read gets an event
    /// of its own, and does not prevent the start.
    ///
    /// - Returns: the closed entries; empty when there were none, and then nothing is written.
    public func recoverInterrupted(at now: Instant) throws(StorageError) -> [ChangeEntry] {
        try write { db in
            let open = try OpenChange.all(db)
            guard !open.isEmpty else { return [] }
            let outcome = Outcome(.daemonStopped)
            var entries: [ChangeEntry] = []
            var unreadable: [UnreadableNumber] = []
            for change in open {
                try db.closeChange(change.id, answeredAt: now, outcome)
                try attempt(change.number, &unreadable) {
                    var entry = try change.entry.get()
                    entry.answeredAt = now
                    entry.outcome = outcome
                    entries.append(entry)
                }
                let isDone = try attempt(change.number, &unreadable) {
                    let stored = try db.closedRecord(of: change.number, including: change.effect.generation)
                    // Writes the number's row and its PIN's row, or neither.
                    try db.inSavepoint {
                        try write(stored.interrupted(in: change.effect, at: now), over: stored, db)
                        return .commit
                    }
                }
                guard !isDone else { continue }
                try writeWidestBelief(of: change.number, afterDoubtful: change.effect, at: now, db)
            }
            let count = open.count
            try append(
                EventEntry(
                    at: now, kind: .interruptedRequests,
                    detail: "\(count.counted("request was", "requests were")) without an answer: each may have "
                        + "been carried out, so its number is made certain"
                ), db)
            try reportUnreadable(unreadable, at: now, db)
            return entries
        }
    }

    /// Records that a process starts to work on the store.
    public func recordStart(
        pid: Int32, command: String, version: String, at now: Instant
    ) throws(StorageError) {
        try write { db in
            try db.execute(
                sql: "UPDATE store_state SET started_at = ?, stopped_at = NULL, pid = ?, command = ?, version = ?",
                arguments: [now.description, pid, command, version]
            )
            try db.execute(sql: "DELETE FROM guards")
        }
    }

    /// Records that the process stopped cleanly.
    public func recordStop(at now: Instant) throws(StorageError) {
        try write { db in
            try db.execute(sql: "UPDATE store_state SET stopped_at = ?", arguments: [now.description])
        }
    }
}

/// A request without an answer. Its effect is known even when the rest of its row cannot be read.
private struct OpenChange {
    let id: Int64
    let number: PhoneNumber
    let effect: Effect
    let entry: Result<ChangeEntry, StorageError>

    /// Returns all of them, oldest first.
    static func all(_ db: Database) throws -> [OpenChange] {
        try db.rows(of: "changes", ChangeRow.unansweredQuery) { row in
            var whole = row
            let (id, number) = (row.identifier(), try row.number())
            row.skip()
            row.skip()
            // The schema guarantees that an enable has a generation and a disable has none.
            let effect = row.optionalInteger().map { Effect.on($0) } ?? .off
            return OpenChange(
                id: id, number: number, effect: effect,
                entry: Result { () throws(StorageError) in try ChangeRow.entry(&whole) })
        }
    }
}

extension Database {
    /// Returns a number's record with closed PINs, including `generation`.
    fileprivate func closedRecord(of number: PhoneNumber, including generation: Int?) throws -> NumberRecord {
        guard let found = try closedRecords(of: [number]).first else {
            throw StorageError.mismatch(number: number, problem: "the store does not know the number")
        }
        var record = try found.record.get()
        if let generation, record.generation(generation) == nil,
            let row = try PINRow.one(generation, of: number, self)
        {
            record.generations = (record.generations + [row.generation]).sorted { $0.generation < $1.generation }
        }
        return record
    }
}
