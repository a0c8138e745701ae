import Foundation
import GRDB
import Planning

/// The distance by which the beginning of the chain moves, and the rows that are deleted with it.
///
/// The walk begins at the oldest link, verifies each link before it is pruned, and stops at the first that must stay.
/// It follows the order of writing, so rows with times from a wrong clock never cause newer rows to be deleted.
struct HistoryCut {
    /// The newest pruned link.
    private(set) var head: AuditChain.Head
    private(set) var changes: [Int64] = []
    private(set) var events: [Int64] = []
    /// True when the walk ended at its limit, so that more links can be pruned at once.
    private(set) var isUnfinished = false

    private static let oldest = AuditEntry.query(where: "q.sequence > ?") + " LIMIT ?"

    /// Walks over at most `limit` links that are older than `date`.
    ///
    /// Throws ``StorageError/pruneRefused(problem:)`` at a link whose row was changed or removed.
    init(_ chain: AuditChain, _ state: AuditState, before date: Instant, limit: Int, _ db: Database) throws {
        head = state.cut
        guard chain.vouches(for: state) else {
            throw Self.refusal(.anchorEdited, "audit_state", state.cut.sequence + 1)
        }
        let newest = try Newest(db)
        let time = date.description
        let cursor = try Row.fetchCursor(
            db.cachedStatement(sql: Self.oldest), arguments: [state.cut.sequence, limit])
        var count = 0
        while let row = try cursor.next() {
            let entry = try AuditEntry(row)
            let sequence = head.sequence + 1
            guard entry.sequence == sequence else { throw Self.refusal(.linkRemoved, "audit_chain", sequence) }
            guard let content = entry.content else {
                throw Self.refusal(.removed, entry.kind.table, entry.rowID)
            }
            guard entry.mac == chain.mac(after: head.mac, sequence, entry.kind, content) else {
                throw Self.refusal(.edited, entry.kind.table, entry.rowID)
            }
            guard let at = entry.at, at < time, !newest.includes(entry) else { return }
            take(entry)
            count += 1
        }
        isUnfinished = count == limit
    }

    private mutating func take(_ entry: AuditEntry) {
        head = AuditChain.Head(sequence: entry.sequence, mac: entry.mac)
        switch entry.kind {
        case .event: events.append(entry.rowID)
        case .change: changes.append(entry.rowID)
        }
    }

    private static func refusal(_ problem: AuditFinding.Problem, _ table: String, _ id: Int64) -> StorageError {
        let finding = AuditFinding(problem: problem, table: table, id: id, at: nil)
        return .pruneRefused(
            problem: "the history is not intact (\(finding.sentence)): keep it, and see `twostepd audit verify`")
    }

    /// Moves the beginning of the chain, and deletes the rows before it. Must run in a write transaction.
    func apply(_ chain: AuditChain, _ state: AuditState, before date: Instant, _ db: Database) throws {
        let before = max(state.before ?? "", date.description)
        let anchor = chain.anchorMAC(cut: head, before: before)
        try db.cachedStatement(
            sql: """
                UPDATE audit_state SET is_pruning = 1, cut_sequence = ?, cut_mac = ?, cut_before = ?, anchor_mac = ?
                """
        ).execute(arguments: [head.sequence, Data(head.mac), before, Data(anchor)])
        for (table, ids) in [("changes", changes), ("events", events)] {
            let delete = try db.cachedStatement(sql: "DELETE FROM \(table) WHERE id = ?")
            for id in ids { try delete.execute(arguments: [id]) }
        }
        try db.cachedStatement(sql: "DELETE FROM audit_chain WHERE sequence <= ?").execute(arguments: [head.sequence])
        try db.cachedStatement(sql: "DELETE FROM change_hours WHERE hour < ?").execute(arguments: [
            String(before.prefix(13))
        ])
        try db.cachedStatement(sql: "UPDATE audit_state SET is_pruning = 0").execute()
    }

    /// The newest request and the newest event. They are never deleted, because the next ids follow from theirs.
    private struct Newest {
        let change: Int64?
        let event: Int64?

        init(_ db: Database) throws {
            change = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM changes"))
            event = try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(id) FROM events"))
        }

        func includes(_ entry: AuditEntry) -> Bool { entry.rowID == (entry.kind == .event ? event : change) }
    }
}
