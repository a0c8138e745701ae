import GRDB
import Planning
import Synchronization

/// The hooks subscribed to each kind of notification, cached so that no write has to query them.
struct Subscriptions: Sendable {
    private var hooks: [HookKind: [String]] = [:]

    /// Creates subscriptions without any hook.
    init() {}

    /// Reads the subscriptions of the hooks in the store.
    init(_ db: Database) throws {
        let rows = try db.rows(of: "hooks", "SELECT name, kinds FROM hooks ORDER BY name") { ($0.text(), $0.text()) }
        for (name, kinds) in rows {
            for kind in kinds.split(separator: " ").compactMap({ HookKind(rawValue: String($0)) }) {
                hooks[kind, default: []].append(name)
            }
        }
    }

    /// Returns the hooks that are subscribed to `kind`.
    func hooks(wanting kind: HookKind) -> [String] { hooks[kind] ?? [] }

    /// True when any hook is subscribed to notifications of single numbers.
    var areOfNumbers: Bool { !hooks.keys.allSatisfy { !Self.ofNumbers.contains($0) } }

    private static let ofNumbers: Set<HookKind> = [.rotated, .exposed, .failed, .recovered]
}

/// Notifications are part of the transaction that causes them: they are in the outbox if and only if it is durable.
extension Store {
    /// True when writes of number rows must look for notifications.
    var notifiesOfNumbers: Bool { subscriptions.withLock(\.areOfNumbers) }

    /// Reads the subscriptions anew.
    func refreshSubscriptions() throws(StorageError) {
        let read = try reader.read { try Subscriptions($0) }
        subscriptions.withLock { $0 = read }
    }

    /// Appends an event to the audit trail, and to the outbox of the subscribed hooks.
    func append(_ entry: EventEntry, _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "INSERT INTO events (at, kind, number, actor, detail) VALUES (?, ?, ?, ?, ?)"
        )
        try statement.run { row in
            row.instant(entry.at)
            row.text(entry.kind.rawValue)
            row.text(entry.number?.description)
            row.text(entry.actor.boundedLine(to: TextLimit.line))
            row.text(entry.detail.boundedLine(to: TextLimit.line))
        }
        if let drift = entry.drift {
            try db.cachedStatement(sql: "UPDATE drift_counts SET found = found + 1 WHERE kind = ?").run {
                $0.text(drift.rawValue)
            }
        }
        // Events that a hook caused notify no hook: otherwise each notification could cause another.
        guard let kind = HookKind(entry.kind), !entry.actor.hasPrefix("hook ") else { return }
        try notify(
            kind, at: entry.at, number: entry.number, detail: entry.detail.boundedLine(to: TextLimit.line),
            drift: entry.drift, db)
    }

    /// Returns the part of a stored record on which notifications depend; nil when the store does not know the number.
    static func health(of number: PhoneNumber, _ db: Database) throws -> NumberRecord.Health? {
        let sql = "SELECT rotated_at, attempts, coalesce(reapplies_refused, 0) FROM numbers WHERE number = ?"
        return try db.firstRow(of: "numbers", key: number.description, sql, [number.description]) { row in
            NumberRecord.Health(
                rotatedAt: try row.optionalInstant("rotated_at"), attempts: row.integer(),
                reapplyRefusals: row.integer())
        }
    }

    /// Notifies the hooks of the changes to a number when its row is written.
    func notify(of record: NumberRecord, since before: NumberRecord.Health, _ db: Database) throws {
        guard notifiesOfNumbers else { return }
        let trouble = try Self.trouble(of: record.number, db)
        let kinds = HookKind.caused(since: before, by: record, trouble: trouble)
        if trouble?.includesExposure == true, !record.isExposed {
            try Self.setTrouble(NumberRecord.Trouble(includesExposure: false), of: record.number, db)
        }
        guard !kinds.isEmpty else { return }
        let last = try LastChange(of: record.number, db)
        for kind in kinds {
            var at = last?.at ?? record.cycle?.since ?? record.appliedAt ?? .distantPast
            var detail: String?
            switch kind {
            case .rotated: at = record.rotatedAt ?? at
            case .exposed, .failed:
                detail = record.lastError?.boundedLine(to: TextLimit.line)
                let includesExposure = kinds.contains(.exposed) || trouble?.includesExposure == true
                try Self.setTrouble(
                    NumberRecord.Trouble(includesExposure: includesExposure && record.isExposed), of: record.number, db)
            case .recovered: try Self.setTrouble(nil, of: record.number, db)
            case .held, .invalid, .endpointDown, .endpointUp, .leftExposed, .drift, .disableRequested, .revealed,
                .restored, .historyAltered, .clockBehind:
                break
            }
            try notify(
                kind, at: at, number: record.number, changeID: last?.id, generation: record.belief.generations.last,
                detail: detail, db)
        }
    }

    private static func trouble(of number: PhoneNumber, _ db: Database) throws -> NumberRecord.Trouble? {
        let sql = "SELECT includes_exposure FROM hook_troubles WHERE number = ?"
        return try db.firstRow(of: "hook_troubles", key: number.description, sql, [number.description]) { row in
            NumberRecord.Trouble(includesExposure: row.flag())
        }
    }

    private static func setTrouble(_ trouble: NumberRecord.Trouble?, of number: PhoneNumber, _ db: Database) throws {
        guard let trouble else {
            return try db.execute(sql: "DELETE FROM hook_troubles WHERE number = ?", arguments: [number.description])
        }
        try db.execute(
            sql: "INSERT OR REPLACE INTO hook_troubles (number, includes_exposure) VALUES (?, ?)",
            arguments: [number.description, trouble.includesExposure])
    }

    /// Puts a notification into the outbox of each subscribed hook.
    private func notify(
        _ kind: HookKind, at: Instant, number: PhoneNumber?, changeID: Int64? = nil, generation: Int? = nil,
        detail: String?, drift: Drift.Kind? = nil, _ db: Database
    ) throws {
        let hooks = subscriptions.withLock { $0.hooks(wanting: kind) }
        guard !hooks.isEmpty else { return }
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO outbox (hook, kind, at, number, lane, change_id, generation, detail, drift)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        for hook in hooks {
            try statement.run { row in
                row.text(hook)
                row.text(kind.rawValue)
                row.instant(at)
                row.text(number?.description)
                row.text(number?.description ?? kind.fleetSubject)
                row.integer(changeID)
                row.integer(generation)
                row.text(detail)
                row.text(drift?.rawValue)
            }
        }
    }
}

/// The newest request for a number.
private struct LastChange {
    let id: Int64
    /// The time at which it ended, or was sent when it has not ended.
    let at: Instant

    init?(of number: PhoneNumber, _ db: Database) throws {
        let sql = """
            SELECT id, coalesce(answered_at, sent_at) FROM changes WHERE number = ? ORDER BY id DESC LIMIT 1
            """
        let found = try db.firstRow(of: "changes", key: number.description, sql, [number.description]) { row in
            (id: row.identifier(), at: try row.instant("sent_at"))
        }
        guard let found else { return nil }
        (id, at) = found
    }
}

/// Calls a closure after each commit that added to the outbox.
final class OutboxObserver: TransactionObserver {
    private let notify: @Sendable () -> Void
    private var hasNews = false

    init(_ notify: @escaping @Sendable () -> Void) { self.notify = notify }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool {
        if case .insert("outbox") = eventKind { true } else { false }
    }

    func databaseDidChange(with event: DatabaseEvent) { hasNews = true }

    func databaseDidCommit(_ db: Database) {
        if hasNews { notify() }
        hasNews = false
    }

    func databaseDidRollback(_ db: Database) { hasNews = false }
}
