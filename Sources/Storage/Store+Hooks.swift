import GRDB
public import Planning

extension Store {
    /// The maximum of waiting notifications of one hook; beyond it the oldest are given up.
    public static let maxWaitingNotifications = 10_000
    /// The maximum of given-up notifications of one hook that are kept for inspection.
    static let maxGivenUpNotifications = 1000

    /// Replaces the hooks by those of the settings. Deletes the waiting notifications of removed hooks.
    ///
    /// - Returns: the number of waiting notifications that were deleted.
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

    /// Calls `notify` after each commit that added notifications, until the store is closed. It must not block.
    public func onNewNotifications(_ notify: @escaping @Sendable () -> Void) {
        queue.add(transactionObserver: OutboxObserver(notify), extent: .databaseLifetime)
    }

    /// Returns the next notification for `hook` that is due, in the order of each number; gives up the oldest when too
    /// many wait.
    ///
    /// Notifications without an attempt come first, and among them those of the whole fleet. So a notification of the
    /// fleet waits for at most one attempt, however many notifications of single numbers fail.
    public func nextNotification(for hook: String, now: Instant) throws(StorageError) -> NextNotification {
        try write { db in
            try db.giveUpExcess(hook, at: now)
            let due = """
                SELECT o.retry_at, o.id, o.uid, o.kind, o.at, o.number, n.label, o.change_id, o.generation, o.detail,
                    o.drift, o.attempts
                FROM outbox o LEFT JOIN numbers n ON n.number = o.number
                WHERE o.hook = ? AND o.given_up = 0 AND NOT EXISTS (
                    SELECT 1 FROM outbox p
                    WHERE p.hook = o.hook AND p.given_up = 0 AND p.lane = o.lane AND p.id < o.id)
                ORDER BY coalesce(o.retry_at, ''), o.number IS NOT NULL, o.id LIMIT 1
                """
            return try db.firstRow(of: "outbox", due, [hook]) { row in
                if let retryAt = try row.optionalInstant("retry_at"), retryAt > now { return .wait(until: retryAt) }
                return .deliver(try HookNotification(&row))
            } ?? .nothing
        }
    }

    /// Deletes a delivered notification, and counts it.
    public func markDelivered(_ notification: HookNotification, hook: String) throws(StorageError) {
        try write { db in
            try db.execute(
                sql: "DELETE FROM outbox WHERE id = ? AND uid = ?", arguments: [notification.id, notification.uid])
            try db.execute(
                sql: "UPDATE hooks SET delivered = delivered + ? WHERE name = ?", arguments: [db.changesCount, hook])
        }
    }

    /// Records a failed attempt: the notification waits until `retryAt`, or is given up when `retryAt` is nil.
    public func recordFailedAttempt(
        _ notification: HookNotification, hook: String, error: String, at now: Instant, retryAt: Instant?
    ) throws(StorageError) {
        try write { db in
            try db.execute(
                sql: """
                    UPDATE outbox SET attempts = attempts + 1, retry_at = ?, failed_at = coalesce(failed_at, ?), error = ?
                    WHERE id = ? AND uid = ?
                    """,
                arguments: [
                    retryAt?.description, now.description, error.boundedLine(to: TextLimit.line), notification.id,
                    notification.uid,
                ])
            guard retryAt == nil else { return }
            try db.giveUp("id = ? AND uid = ?", [notification.id, notification.uid], of: hook, at: now)
        }
    }
}

extension Database {
    fileprivate func giveUpExcess(_ hook: String, at now: Instant) throws {
        let excess = """
            id IN (SELECT id FROM outbox WHERE hook = ? AND given_up = 0 ORDER BY id DESC LIMIT -1 OFFSET ?)
            """
        try giveUp(excess, [hook, Store.maxWaitingNotifications], of: hook, at: now)
    }

    /// Gives up the notifications that `condition` selects, counts them, and keeps the newest for inspection.
    fileprivate func giveUp(
        _ condition: String, _ arguments: StatementArguments, of hook: String, at now: Instant
    ) throws {
        try cachedStatement(sql: "UPDATE outbox SET given_up = 1, given_up_at = ? WHERE \(condition)")
            .execute(arguments: StatementArguments([now.description]) + arguments)
        guard changesCount > 0 else { return }
        try execute(
            sql: "UPDATE hooks SET given_up = given_up + ? WHERE name = ?", arguments: [changesCount, hook])
        try execute(
            sql: """
                DELETE FROM outbox WHERE id IN (
                    SELECT id FROM outbox WHERE hook = ? AND given_up = 1 ORDER BY id DESC LIMIT -1 OFFSET ?)
                """, arguments: [hook, Store.maxGivenUpNotifications])
    }
}

extension StoreReader {
    /// Returns the delivery state of each hook, by name.
    public func hooks() throws(StorageError) -> [HookStatus] {
        try read { db in
            let sql = """
                SELECT name, (SELECT count(*) FROM outbox WHERE hook = name AND given_up = 0),
                    (SELECT at FROM outbox WHERE hook = name AND given_up = 0 ORDER BY id LIMIT 1),
                    delivered, given_up,
                    (SELECT error FROM outbox WHERE hook = name AND given_up = 0 AND error IS NOT NULL
                        ORDER BY failed_at, id LIMIT 1),
                    (SELECT min(failed_at) FROM outbox WHERE hook = name AND given_up = 0)
                FROM hooks ORDER BY name
                """
            let standings = try db.rows(of: "hooks", sql) { row in
                HookStatus(
                    name: row.text(), waiting: row.integer(), waitingSince: try row.optionalInstant("at"),
                    delivered: row.integer(), givenUp: row.integer(), lastError: row.optionalText(),
                    failingSince: try row.optionalInstant("failed_at"))
            }
            return try standings.map { standing in
                var standing = standing
                standing.lastGivenUp = try db.lastGivenUp(of: standing.name)
                return standing
            }
        }
    }
}

extension Database {
    fileprivate func lastGivenUp(of hook: String) throws -> HookStatus.GivenUp? {
        let sql = """
            SELECT given_up_at, kind, number, error FROM outbox WHERE hook = ? AND given_up = 1 ORDER BY id DESC LIMIT 1
            """
        return try firstRow(of: "outbox", sql, [hook]) { row in
            HookStatus.GivenUp(
                at: try row.optionalInstant("given_up_at"), kind: try row.value("kind") { HookKind(rawValue: $0) },
                number: try row.optional("number") { PhoneNumber($0) }, error: row.optionalText())
        }
    }
}

extension HookNotification {
    /// Reads the columns of a notification, beginning with the id.
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
