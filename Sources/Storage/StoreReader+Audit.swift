import GRDB
public import Planning

extension StoreReader {
    /// Verifies the whole history against its chain: every edited, removed, moved or added row is found. Needs the key.
    ///
    /// - Parameters:
    ///   - anchor: a ``AuditReport/head`` that was noted earlier, which the chain must still hold.
    ///   - location: where the fence is, which keeps the newest link; nil for none.
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
        // Before the snapshot, which then holds the link: a daemon may write to both meanwhile.
        if let location, let head = try Fence(at: location)?.head { known.append(head) }
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

/// What is wrong with one piece of history.
public struct AuditFinding: Hashable, Sendable {
    /// What is wrong; the raw values are those of `audit verify`.
    public enum Problem: String, Hashable, Sendable, CaseIterable {
        /// The row or its link is not as it was written, or stands in another place.
        case edited
        /// The row is gone.
        case removed
        /// Links are gone, and their rows with them or not.
        case linkRemoved = "link_removed"
        /// The row was written past the daemon.
        case added
        /// The newest history that was known elsewhere is not there.
        case cutOff = "cut_off"
        /// A start found the history altered, and wrote that down.
        case foundAltered = "found_altered"
        /// Where the chain begins was changed.
        case anchorEdited = "anchor_edited"
    }

    public let problem: Problem
    /// `changes`, `events`, `audit_chain` or `audit_state`.
    public let table: String
    /// The row's id; for links, the sequence of the first that is not as it should be.
    public let id: Int64
    /// When the row says it was written; nil when the row is gone.
    public let at: Instant?

    /// The finding for people: what, where, when.
    public var sentence: String {
        let time = at.map { " (\($0))" } ?? ""
        return switch problem {
        case .edited: "row \(id) of \(table)\(time) is not as it was written, or not in its place"
        case .removed: "row \(id) of \(table) was removed"
        case .linkRemoved: "link \(id) of \(table) was removed, and maybe the row that it stands for\(time)"
        case .added: "row \(id) of \(table)\(time) was not written by twostepd"
        case .cutOff: "the newest history was cut off: link \(id) was there and is not, or is another one"
        case .foundAltered: "row \(id) of \(table)\(time) says that a start found the newest history cut off or changed"
        case .anchorEdited: "the beginning of the chain was changed: history may have been cut away before link \(id)"
        }
    }
}

/// How the verification of the history ended.
public struct AuditReport: Hashable, Sendable {
    /// How many links were looked at.
    public internal(set) var links = 0
    /// Up to when history was pruned; nil when it never was.
    public internal(set) var prunedBefore: Instant?
    /// The newest link, `SEQUENCE:MAC`: kept elsewhere, it proves later that the history was not cut.
    public internal(set) var head = ""
    /// Everything that is wrong, counted.
    public internal(set) var problems = 0
    /// The first of it; nil when the history is as it was written.
    public internal(set) var first: AuditFinding?

    mutating func note(_ problem: AuditFinding.Problem, _ table: String, _ id: Int64, at: String? = nil) {
        problems += 1
        if first == nil {
            first = AuditFinding(problem: problem, table: table, id: id, at: at.flatMap { Instant($0) })
        }
    }
}
