import Foundation
import GRDB
public import Planning

/// What a pruning removed.
public struct Pruning: Hashable, Sendable {
    public let changes: Int
    public let events: Int
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
        guard date <= now.advanced(by: .zero - Self.leastHistory) else {
            throw .pruneRefused(problem: "the last 24 hours are never pruned: give a date before that")
        }
        return try write { db in
            guard let state = try AuditState(db) else {
                throw StorageError.unreadableRow(table: "audit_state", key: "1", column: "only")
            }
            try checkIntact(state, db)
            try Self.refuseOpenChanges(before: date, db)
            let cut = try Self.cut(before: date, db)
            guard cut.sequence > state.cut.sequence else { return Pruning(changes: 0, events: 0) }
            let pruning = try remove(upTo: cut, state, before: date, db)
            try db.append(
                EventEntry(
                    at: now, kind: .auditPruned, actor: actor,
                    detail: "\(pruning.changes) requests and \(pruning.events) events before \(date); the chain begins "
                        + "after \(cut.text)"))
            return pruning
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

    /// The newest link that can go: none before it, nor it, belongs to a row that stays.
    private static func cut(before date: Instant, _ db: Database) throws -> AuditChain.Head {
        let firstKept = """
            SELECT min(q.sequence) FROM audit_chain AS q
            LEFT JOIN changes AS c ON q.entry <> 'event' AND c.id = q.row_id
            LEFT JOIN events AS e ON q.entry = 'event' AND e.id = q.row_id
            WHERE e.at >= ? OR c.id = (SELECT max(id) FROM changes) OR e.id = (SELECT max(id) FROM events)
                OR (c.id IS NOT NULL AND (c.answered_at IS NULL OR c.answered_at >= ?))
            """
        let time = date.description
        let head = try AuditChain.head(db)
        var last = try Int64.fetchOne(db, sql: firstKept, arguments: [time, time]).map { $0 - 1 } ?? head.sequence
        // A request whose answer stays keeps its opening as well. Each round goes back at least one link.
        let straddling = """
            SELECT min(sequence) FROM audit_chain WHERE entry = 'opened' AND sequence <= ?1
                AND row_id IN (SELECT row_id FROM audit_chain WHERE entry = 'answered' AND sequence > ?1)
            """
        while let opened = try Int64.fetchOne(db, sql: straddling, arguments: [last]) { last = opened - 1 }
        let sql = "SELECT sequence, mac FROM audit_chain WHERE sequence = ?"
        return try Row.fetchOne(db, sql: sql, arguments: [last]).map { AuditChain.Head($0) } ?? AuditChain.Head()
    }

    private func remove(
        upTo cut: AuditChain.Head, _ state: AuditState, before date: Instant, _ db: Database
    ) throws -> Pruning {
        try db.execute(
            sql: """
                UPDATE audit_state SET is_pruning = 1, cut_sequence = ?, cut_mac = ?, cut_before = ?, anchor_mac = ?
                """,
            arguments: [
                cut.sequence, Data(cut.mac), date.description,
                Data(chain.anchorMAC(cut: cut, before: date.description, adopted: state.adopted)),
            ])
        let removed = { (table: String, entry: String) throws -> Int in
            let sql = """
                DELETE FROM \(table) WHERE id IN (
                    SELECT row_id FROM audit_chain WHERE entry = '\(entry)' AND sequence <= ?)
                """
            try db.execute(sql: sql, arguments: [cut.sequence])
            return db.changesCount
        }
        let pruning = Pruning(
            changes: try removed("changes", "opened"), events: try removed("events", "event"))
        try db.execute(sql: "DELETE FROM audit_chain WHERE sequence <= ?", arguments: [cut.sequence])
        try db.execute(sql: "UPDATE audit_state SET is_pruning = 0")
        return pruning
    }
}
