import GRDB
public import Planning

extension Store {
    /// Closes every request that an earlier process left without an answer, in one transaction: it may have been
    /// carried out, and may still be.
    ///
    /// Each is closed as in doubt (`daemon_stopped`) at `now`, the doubt of its effect is renewed to `now`, and its
    /// number is due at once, with one attempt more; a backoff that is running stays. One audit event tells of all.
    ///
    /// - Returns: the entries, closed; empty when there were none, and then nothing is written.
    public func recoverInterrupted(at now: Instant) throws(StorageError) -> [ChangeEntry] {
        try write { db in
            var entries = try ChangeRow.unanswered(db)
            guard !entries.isEmpty else { return [] }
            let outcome = Outcome(.daemonStopped)
            for index in entries.indices {
                try db.closeChange(entries[index].id, answeredAt: now, outcome)
                try db.renewDoubt(of: entries[index], at: now)
                entries[index].answeredAt = now
                entries[index].outcome = outcome
            }
            let count = entries.count
            try db.append(
                EventEntry(
                    at: now, kind: .interruptedRequests,
                    detail: "\(count) \(count == 1 ? "request was" : "requests were") without an answer: each may have "
                        + "been carried out, and its number is brought to certainty"
                )
            )
            return entries
        }
    }

    /// Records that a process begins to work on the store.
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

extension Database {
    /// Renews the doubt that was made durable before the request was sent; a later one stays. Widening again what must
    /// be wide already costs nothing.
    fileprivate func renewDoubt(of entry: ChangeEntry, at now: Instant) throws {
        let number = entry.number.description
        if let generation = entry.generation {
            try cachedStatement(
                sql: """
                    UPDATE pins SET maybe_live = 1, doubt_at = max(coalesce(doubt_at, ''), ?)
                    WHERE number = ? AND generation = ?
                    """
            ).execute(arguments: [now.description, number, generation])
        } else {
            try cachedStatement(
                sql: """
                    UPDATE numbers SET maybe_off = 1, off_doubt_at = max(coalesce(off_doubt_at, ''), ?)
                    WHERE number = ?
                    """
            ).execute(arguments: [now.description, number])
        }
        try cachedStatement(
            sql: """
                UPDATE numbers SET last_accepted = NULL, refused_action = NULL, refused_count = NULL,
                    attempts = attempts + 1, due_at = CASE managed WHEN 1 THEN ? END
                WHERE number = ?
                """
        ).execute(arguments: [now.description, number])
    }
}
