import GRDB
import Planning

extension StoreReader {
    /// Verifies the whole history against its chain: every edited, removed, moved or added row is found. Needs the key.
    ///
    /// - Parameters:
    ///   - anchor: a ``AuditReport/head`` that was noted earlier, which the chain must still hold.
    ///   - location: where the fence is, which keeps the head of the newest start; nil for none.
    public func verifyAudit(
        anchor: String? = nil, location: StoreLocation? = nil
    ) throws(StorageError) -> AuditReport {
        var known: [AuditChain.Head] = []
        if let anchor {
            guard let head = AuditChain.Head(text: anchor) else {
                throw .mismatch(number: nil, problem: "\(anchor) is no head of an audit chain (SEQUENCE:MAC)")
            }
            known.append(head)
        }
        if let location, let head = try Fence.head(at: location) { known.append(head) }
        return try read { db in
            guard let state = try AuditState(db) else {
                throw StorageError.mismatch(
                    number: nil,
                    problem: "the history has no chain: it was removed")
            }
            guard let sealer else { throw StorageError.keyNeeded(path: path, id: state.keyID) }
            return try AuditVerification(chain: AuditChain(state, sealer), state: state, known: known).run(db)
        }
    }
}

/// One walk along the chain, and one over the rows that no link stands for.
struct AuditVerification {
    let chain: AuditChain
    let state: AuditState
    /// Links that must be there.
    let known: [AuditChain.Head]

    private static let links = AuditEntry.query("audit_chain")
    /// Rows past the chain, by the entry that they lack.
    private static let strangers: [(kind: AuditEntry.Kind, sql: String)] = [
        (.opened, "SELECT id, sent_at FROM changes WHERE \(lacks("opened"))"),
        (.answered, "SELECT id, sent_at FROM changes WHERE answered_at IS NOT NULL AND \(lacks("answered"))"),
        (.event, "SELECT id, at FROM events WHERE \(lacks("event"))"),
    ]

    private static func lacks(_ entry: String) -> String {
        "id NOT IN (SELECT row_id FROM audit_chain WHERE entry = '\(entry)') ORDER BY id"
    }

    func run(_ db: Database) throws -> AuditReport {
        var report = AuditReport()
        report.prunedBefore = state.before.flatMap { Instant($0) }
        if try !chain.vouches(for: state, db) { report.note(.anchorEdited, "audit_state", state.cut.sequence + 1) }
        let head = try walk(db, &report)
        report.head = head.text
        for (kind, sql) in Self.strangers {
            let cursor = try Row.fetchCursor(db, sql: sql)
            while let row = try cursor.next() {
                let isHalf = state.halves.kinds[row[0]] == kind
                if !isHalf { report.note(.added, kind.table, row[0], at: row[1]) }
            }
        }
        let sql = "SELECT id, at FROM events WHERE kind = '\(EventKind.historyAltered.rawValue)' ORDER BY id"
        let cursor = try Row.fetchCursor(db, sql: sql)
        while let row = try cursor.next() { report.note(.foundAltered, "events", row[0], at: row[1]) }
        return report
    }

    /// Follows the links. After one that is not right the walk goes on from what is stored, so that all are counted.
    private func walk(_ db: Database, _ report: inout AuditReport) throws -> AuditChain.Head {
        var head = state.cut
        var missing = Dictionary(known.map { ($0.sequence, $0) }, uniquingKeysWith: { first, _ in first })
        // What was pruned since it was noted cannot be compared any more.
        missing = missing.filter { $0.key >= state.cut.sequence }
        let cursor = try Row.fetchCursor(db, sql: Self.links)
        while let row = try cursor.next() {
            let entry = try AuditEntry(row)
            report.links += 1
            if missing[head.sequence] == head { missing[head.sequence] = nil }
            if entry.sequence != head.sequence + 1 {
                report.note(.linkRemoved, "audit_chain", head.sequence + 1, at: entry.at)
                head.sequence = entry.sequence - 1
            } else if let content = entry.content {
                let isRight = entry.mac == chain.mac(after: head.mac, entry.sequence, entry.kind, content)
                if !isRight { report.note(.edited, entry.kind.table, entry.rowID, at: entry.at) }
            } else {
                report.note(.removed, entry.kind.table, entry.rowID)
            }
            head = AuditChain.Head(sequence: entry.sequence, mac: entry.mac ?? [])
        }
        if missing[head.sequence] == head { missing[head.sequence] = nil }
        for sequence in missing.keys.sorted() { report.note(.cutOff, "audit_chain", sequence) }
        return head
    }
}
