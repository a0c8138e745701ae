import GRDB
public import Planning

/// The counts of a pruning.
public struct Pruning: Hashable, Sendable {
    public var changes: Int
    public var events: Int
    /// True when more can be pruned at once.
    public var isUnfinished = false

    public init(changes: Int = 0, events: Int = 0) {
        self.changes = changes
        self.events = events
    }
}

extension Store {
    /// The minimum of kept history, which is never pruned: the limits count the requests of the last hour, and
    /// operators ask about yesterday.
    public static let minHistory = Duration.seconds(24 * 3600)

    /// Deletes the history before `date`, up to the first newer link in the chain. The chain's cut is authenticated and
    /// recorded by an event, so the rest can be verified as before.
    ///
    /// The newest request and the newest event always stay, because the next ids follow from theirs.
    ///
    /// Throws ``StorageError/pruneRefused(problem:)`` when `date` is less than a day ago, when a request before it is
    /// still open, or when the history is not intact, because it is then evidence.
    public func pruneHistory(before date: Instant, at now: Instant, actor: String) throws(StorageError) -> Pruning {
        try Self.refuseRecent(date, at: now)
        return try write { db in
            try checkIntact(try Self.auditState(db), db)
            try Self.refuseOpenChanges(before: date, db)
            var pruning = Pruning()
            var step: Pruning
            repeat {
                step = try prune(before: date, limit: 10_000, db)
                pruning.changes += step.changes
                pruning.events += step.events
            } while step.isUnfinished
            guard let cut = try AuditState(db)?.cut, pruning != Pruning() else { return pruning }
            try append(
                EventEntry(
                    at: now, kind: .auditPruned, actor: actor,
                    detail:
                        "\(pruning.changes.counted("request")) and \(pruning.events.counted("event")) before \(date); the chain begins "
                        + "after \(cut.text)"), db)
            return pruning
        }
    }

    /// Deletes some of the oldest history before `date`, in one short transaction: at most `limit` links of the chain,
    /// each verified before it is pruned. The rest can be verified as before.
    ///
    /// - Parameters:
    ///   - date: the end of the history that may be pruned; at least a day before `now`.
    ///   - now: the time of the event that records the pruning.
    ///   - limit: the maximum of links to visit; at least one is visited.
    ///   - policy: the reason in the event that records the pruning; nil when an earlier step of the same work has
    ///     recorded it.
    ///
    /// Throws ``StorageError/pruneRefused(problem:)`` when `date` is less than a day ago, or at a link whose row was
    /// changed or removed.
    public func pruneOldest(
        before date: Instant, at now: Instant, limit: Int, policy: String?
    ) throws(StorageError) -> Pruning {
        try Self.refuseRecent(date, at: now)
        return try write { db in
            let pruning = try prune(before: date, limit: max(limit, 1), db)
            if let policy, pruning.changes + pruning.events > 0 {
                try append(
                    EventEntry(
                        at: now, kind: .auditPruned,
                        detail: "requests and events before \(date) are removed, the oldest first: \(policy)"), db)
            }
            return pruning
        }
    }

    private func prune(before date: Instant, limit: Int, _ db: Database) throws -> Pruning {
        let state = try Self.auditState(db)
        let cut = try HistoryCut(chain, state, before: date, limit: limit, db)
        guard cut.head.sequence > state.cut.sequence else { return Pruning() }
        try cut.apply(chain, state, before: date, db)
        var pruning = Pruning(changes: cut.changes.count, events: cut.events.count)
        pruning.isUnfinished = cut.isUnfinished
        return pruning
    }

    private static func auditState(_ db: Database) throws -> AuditState {
        guard let state = try AuditState(db) else {
            throw StorageError.unreadableRow(table: "audit_state", key: "1", column: "only")
        }
        return state
    }

    private static func refuseRecent(_ date: Instant, at now: Instant) throws(StorageError) {
        guard date <= now.advanced(by: .zero - minHistory) else {
            throw .pruneRefused(problem: "the last 24 hours are never pruned: give a date before that")
        }
    }

    private func checkIntact(_ state: AuditState, _ db: Database) throws {
        let report = try AuditVerification(chain: chain, state: state, known: []).run(db)
        if let first = report.first {
            throw StorageError.pruneRefused(
                problem: "the history is not intact (\(first.sentence)): keep it, and see `twostepd audit verify`")
        }
    }

    private static func refuseOpenChanges(before date: Instant, _ db: Database) throws {
        let sql = "SELECT id, number FROM changes WHERE answered_at IS NULL AND sent_at < ? ORDER BY id LIMIT 1"
        guard let row = try Row.fetchOne(db, sql: sql, arguments: [date.description]) else { return }
        let (id, number): (Int64, String) = (row[0], row[1])
        throw StorageError.pruneRefused(
            problem: "request \(id) of \(number) has no answer yet: start the daemon once, which accounts for it")
    }
}
