import GRDB
public import Planning

extension Store {
    /// How many words of one hook may wait; beyond, the oldest are given up.
    public static let mostWaitingWords = 10_000
    /// How many words of one hook that were given up are kept to be looked at.
    static let mostGivenUpWords = 1000

    /// Makes the hooks those of the settings. What waited for a hook that is gone is gone with it.
    ///
    /// - Returns: how many words were dropped so.
    public func setHooks(_ hooks: [(name: String, kinds: Set<HookKind>)]) throws(StorageError) -> Int {
        let dropped = try write { db in
            let names = databaseQuestionMarks(count: hooks.count)
            let gone = StatementArguments(hooks.map(\.name))
            let dropped =
                try Int.fetchOne(
                    db, sql: "SELECT count(*) FROM outbox WHERE given_up = 0 AND hook NOT IN (\(names))",
                    arguments: gone)
                ?? 0
            try db.execute(sql: "DELETE FROM hooks WHERE name NOT IN (\(names))", arguments: gone)
            for hook in hooks {
                let kinds = " " + hook.kinds.map(\.rawValue).sorted().joined(separator: " ") + " "
                try db.execute(
                    sql: "INSERT INTO hooks (name, kinds) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET kinds = ?",
                    arguments: [hook.name, kinds, kinds])
            }
            if hooks.isEmpty { try db.execute(sql: "DELETE FROM hook_troubles") }
            return dropped
        }
        try refreshSubscriptions()
        return dropped
    }

    /// Calls `tell` after each commit that added words, until the store is closed. It must not block.
    public func onNewWords(_ tell: @escaping @Sendable () -> Void) {
        queue.add(transactionObserver: OutboxObserver(tell), extent: .databaseLifetime)
    }

    /// The oldest word for `hook` that is due, in the order of each number; gives up the oldest when too many wait.
    public func nextWord(for hook: String, now: Instant) throws(StorageError) -> HookWork {
        try write { db in
            try db.giveUpExcess(hook)
            let due = """
                SELECT o.retry_at, o.id, o.uid, o.kind, o.at, o.number, n.label, o.change_id, o.generation, o.detail,
                    o.drift, o.attempts
                FROM outbox o LEFT JOIN numbers n ON n.number = o.number
                WHERE o.hook = ? AND o.given_up = 0 AND NOT EXISTS (
                    SELECT 1 FROM outbox p
                    WHERE p.hook = o.hook AND p.given_up = 0 AND p.number IS o.number AND p.id < o.id)
                ORDER BY coalesce(o.retry_at, ''), o.id LIMIT 1
                """
            return try db.firstRow(of: "outbox", due, [hook]) { row in
                if let retryAt = try row.optionalInstant("retry_at"), retryAt > now { return .wait(until: retryAt) }
                return .deliver(try HookWord(&row))
            } ?? .nothing
        }
    }

    /// Takes note that a word was delivered.
    public func noteDelivered(_ word: HookWord, hook: String) throws(StorageError) {
        try write { db in
            try db.execute(sql: "DELETE FROM outbox WHERE id = ? AND uid = ?", arguments: [word.id, word.uid])
            try db.execute(
                sql: """
                    UPDATE hooks SET delivered = delivered + ?, last_error = NULL, failing_since = NULL WHERE name = ?
                    """, arguments: [db.changesCount, hook])
        }
    }

    /// Takes note that a try failed: the word waits until `retryAt`, or is given up when there is none.
    public func noteFailed(
        _ word: HookWord, hook: String, error: String, at now: Instant, retryAt: Instant?
    ) throws(StorageError) {
        try write { db in
            try db.execute(
                sql: "UPDATE outbox SET attempts = attempts + 1, retry_at = ?, given_up = ? WHERE id = ? AND uid = ?",
                arguments: [retryAt?.description, retryAt == nil, word.id, word.uid])
            try db.execute(
                sql: """
                    UPDATE hooks SET given_up = given_up + ?, last_error = ?,
                        failing_since = coalesce(failing_since, ?) WHERE name = ?
                    """,
                arguments: [
                    retryAt == nil ? db.changesCount : 0, error.boundedLine(to: TextLimit.line), now.description, hook,
                ])
            if retryAt == nil { try db.trimGivenUp(hook) }
        }
    }
}

extension Database {
    fileprivate func giveUpExcess(_ hook: String) throws {
        let excess = """
            UPDATE outbox SET given_up = 1 WHERE id IN (
                SELECT id FROM outbox WHERE hook = ? AND given_up = 0 ORDER BY id DESC LIMIT -1 OFFSET ?)
            """
        try cachedStatement(sql: excess).execute(arguments: [hook, Store.mostWaitingWords])
        guard changesCount > 0 else { return }
        try execute(
            sql: "UPDATE hooks SET given_up = given_up + ? WHERE name = ?", arguments: [changesCount, hook])
        try trimGivenUp(hook)
    }

    fileprivate func trimGivenUp(_ hook: String) throws {
        try execute(
            sql: """
                DELETE FROM outbox WHERE id IN (
                    SELECT id FROM outbox WHERE hook = ? AND given_up = 1 ORDER BY id DESC LIMIT -1 OFFSET ?)
                """, arguments: [hook, Store.mostGivenUpWords])
    }
}

extension StoreReader {
    /// How each hook stands, by name.
    public func hooks() throws(StorageError) -> [HookStanding] {
        try read { db in
            let sql = """
                SELECT name, (SELECT count(*) FROM outbox WHERE hook = name AND given_up = 0),
                    (SELECT at FROM outbox WHERE hook = name AND given_up = 0 ORDER BY id LIMIT 1),
                    delivered, given_up, last_error, failing_since
                FROM hooks ORDER BY name
                """
            return try db.rows(of: "hooks", sql) { row in
                HookStanding(
                    name: row.text(), waiting: row.integer(), waitingSince: try row.optionalInstant("at"),
                    delivered: row.integer(), givenUp: row.integer(), lastError: row.optionalText(),
                    failingSince: try row.optionalInstant("failing_since"))
            }
        }
    }
}

extension HookWord {
    /// Reads the columns from the id on.
    fileprivate init(_ reader: inout RowReader) throws {
        self.init(
            id: reader.identifier(), uid: reader.text(),
            kind: try reader.value("kind") { HookKind(rawValue: $0) }, at: try reader.instant("at"),
            number: try reader.optional("number") { PhoneNumber($0) }, label: reader.optionalText(),
            changeID: reader.optionalInteger().map(Int64.init), generation: reader.optionalInteger(),
            detail: reader.optionalText(), drift: try reader.optional("drift") { Drift.Kind(rawValue: $0) },
            attempts: reader.integer())
    }
}
