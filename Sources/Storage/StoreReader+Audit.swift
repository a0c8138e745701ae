import GRDB
public import Planning

extension StoreReader {
    /// Verifies the whole history against its chain, and finds every edited, removed, moved or added row. Needs the
    /// key.
    ///
    /// - Parameters:
    ///   - anchor: an earlier ``AuditReport/head``, which the chain must still contain.
    ///   - location: the directory of the fence, which holds the newest link; nil for no fence.
    public func verifyAudit(
        anchor: String? = nil, location: StoreLocation? = nil
    ) throws(StorageError) -> AuditReport {
        var known: [AuditChain.Head] = []
        if let anchor {
            guard let head = AuditChain.Head(text: anchor) else {
                throw .mismatch(number: nil, problem: "\(anchor) is not a head of an audit chain (SEQUENCE:MAC)")
            }
            known.append(head)
        }
        // Reads the fence before the snapshot, which then contains its link: a daemon may write to both meanwhile.
        if let location, let mark = try Fence(at: location)?.mark { known.append(mark.head) }
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

/// One walk along the chain, and one over the rows without a link.
struct AuditVerification {
    let chain: AuditChain
    let state: AuditState
    /// The links that must be in the chain.
    let known: [AuditChain.Head]

    private static let links = AuditEntry.query()
    /// The queries for rows without a link, by the kind of the missing link.
    private static let strangers: [(kind: AuditEntry.Kind, sql: String)] = [
        (.change, "SELECT id, sent_at FROM changes WHERE answered_at IS NOT NULL AND \(lacks(.change))"),
        (.event, "SELECT id, at FROM events WHERE \(lacks(.event))"),
    ]

    private static func lacks(_ kind: AuditEntry.Kind) -> String {
        "id NOT IN (SELECT row_id FROM audit_chain WHERE entry = '\(kind.rawValue)') ORDER BY id"
    }

    func run(_ db: Database) throws -> AuditReport {
        var report = AuditReport()
        report.prunedBefore = state.before.flatMap { Instant($0) }
        if !chain.vouches(for: state) { report.record(.anchorEdited, "audit_state", state.cut.sequence + 1) }
        let head = try walk(db, &report)
        report.head = head.text
        for (kind, sql) in Self.strangers {
            let cursor = try Row.fetchCursor(db, sql: sql)
            while let row = try cursor.next() {
                report.record(.added, kind.table, row[0], at: row[1])
            }
        }
        let open = "SELECT count(*) FROM changes WHERE answered_at IS NULL"
        report.openRequests = try Int.fetchOne(db, sql: open) ?? 0
        let sql = "SELECT id, at FROM events WHERE kind = '\(EventKind.historyAltered.rawValue)' ORDER BY id"
        let cursor = try Row.fetchCursor(db, sql: sql)
        while let row = try cursor.next() { report.record(.foundAltered, "events", row[0], at: row[1]) }
        return report
    }

    /// Follows the links. After an invalid link the walk continues from the stored code, so that all problems are
    /// counted.
    private func walk(_ db: Database, _ report: inout AuditReport) throws -> AuditChain.Head {
        var head = state.cut
        var missing = Dictionary(known.map { ($0.sequence, $0) }, uniquingKeysWith: { first, _ in first })
        // Links that were pruned since they were recorded can no longer be compared.
        missing = missing.filter { $0.key >= state.cut.sequence }
        let cursor = try Row.fetchCursor(db, sql: Self.links)
        while let row = try cursor.next() {
            let entry = try AuditEntry(row)
            report.links += 1
            if missing[head.sequence] == head { missing[head.sequence] = nil }
            if entry.sequence != head.sequence + 1 {
                report.record(.linkRemoved, "audit_chain", head.sequence + 1, at: entry.at)
                head.sequence = entry.sequence - 1
            } else if let content = entry.content {
                let isRight = entry.mac == chain.mac(after: head.mac, entry.sequence, entry.kind, content)
                if !isRight { report.record(.edited, entry.kind.table, entry.rowID, at: entry.at) }
            } else {
                report.record(.removed, entry.kind.table, entry.rowID)
            }
            head = AuditChain.Head(sequence: entry.sequence, mac: entry.mac)
        }
        if missing[head.sequence] == head { missing[head.sequence] = nil }
        for sequence in missing.keys.sorted() { report.record(.cutOff, "audit_chain", sequence) }
        return head
    }
}

/// A problem in one piece of history.
public struct AuditFinding: Hashable, Sendable {
    /// The kind of problem; the raw values are those of `audit verify`.
    public enum Problem: String, Hashable, Sendable, CaseIterable {
        /// The row or its link was changed, or moved to another place.
        case edited
        /// The row is gone.
        case removed
        /// Links are missing, perhaps with their rows.
        case linkRemoved = "link_removed"
        /// The row was not written by the daemon.
        case added
        /// The newest history that was recorded elsewhere is missing.
        case cutOff = "cut_off"
        /// A start found the history altered, and recorded that.
        case foundAltered = "found_altered"
        /// The beginning of the chain was changed.
        case anchorEdited = "anchor_edited"
    }

    public let problem: Problem
    /// `changes`, `events`, `audit_chain` or `audit_state`.
    public let table: String
    /// The row's id; for links, the sequence number of the first faulty one.
    public let id: Int64
    /// The row's own time; nil when the row is gone.
    public let at: Instant?

    /// The finding in words: what, where, when.
    public var sentence: String {
        let time = at.map { " (\($0))" } ?? ""
        return switch problem {
        case .edited: "row \(id) of \(table)\(time) was edited or moved"
        case .removed: "row \(id) of \(table) was removed"
        case .linkRemoved: "link \(id) of \(table) was removed, and perhaps the row that it covers\(time)"
        case .added: "row \(id) of \(table)\(time) was not written by twostepd"
        case .cutOff: "the newest history was cut off: link \(id) is missing or was replaced"
        case .foundAltered:
            "row \(id) of \(table)\(time): a start found that the newest history was cut off or changed"
        case .anchorEdited: "the beginning of the chain was changed: history may have been removed before link \(id)"
        }
    }
}

/// The result of a verification of the history.
public struct AuditReport: Hashable, Sendable {
    /// The number of verified links.
    public internal(set) var links = 0
    /// The number of requests without an answer, which are chained when they end.
    public internal(set) var openRequests = 0
    /// The end of the pruned history; nil when it was never pruned.
    public internal(set) var prunedBefore: Instant?
    /// The newest link, `SEQUENCE:MAC`: kept elsewhere, it proves later that the history was not cut.
    public internal(set) var head = ""
    /// The number of problems.
    public internal(set) var problems = 0
    /// The first problem; nil when the history is intact.
    public internal(set) var first: AuditFinding?

    mutating func record(_ problem: AuditFinding.Problem, _ table: String, _ id: Int64, at: String? = nil) {
        problems += 1
        if first == nil {
            first = AuditFinding(problem: problem, table: table, id: id, at: at.flatMap { Instant($0) })
        }
    }
}
