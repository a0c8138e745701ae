import GRDB
public import Planning

/// What a pruning removed.
public struct Pruning: Hashable, Sendable {
    public var changes: Int
    public var events: Int
    /// Whether more can be removed at once.
    public var isUnfinished = false

    public init(changes: Int = 0, events: Int = 0) {
        self.changes = changes
        self.events = events
    }
}

extension Store {
    /// The newest history is never pruned: the limits count requests of the last hour, and people ask about yesterday.
    public static let leastHistory = Duration.seconds(24 * 3600)

    /// Removes the history before `date`, as far as nothing newer stands before it in the chain. The chain's cut is
    /// authenticated, and an event tells of it, so that what is left can be verified as before.
    ///
    /// The newest request and the newest event always stay, because the next ones' ids follow from theirs.
    ///
    /// Throws ``StorageError/pruneRefused(problem:)`` when `date` is less than a day ago, when a request before it is
    /// still open, or when the history is not intact: evidence is not thrown away.
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

    /// Removes some of the oldest history before `date`, in one short transaction: at most `limit` links of the chain,
    /// each verified before it goes, and whatever stays can be verified as before.
    ///
    /// - Parameters:
    ///   - date: what is older may go.
    ///   - now: the time of the event that tells of it; `date` is at least a day before.
    ///   - limit: how many links at most; at least one is looked at.
    ///   - policy: when something is removed, an event tells of it with these words; nil when an earlier step of the
    ///     same work has told of it.
    ///
    /// Throws ``StorageError/pruneRefused(problem:)`` when `date` is less than a day ago, or at a link that is not as it
    /// was written.
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
        guard date <= now.advanced(by: .zero - leastHistory) else {
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
