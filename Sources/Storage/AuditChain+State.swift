import Crypto
import Foundation
import GRDB

/// Where the chain begins, and its key in its sealed form.
struct AuditState {
    let sealedKey: [UInt8]
    let keyID: String
    let cut: AuditChain.Head
    let before: String?
    let anchorMAC: [UInt8]
    /// Requests that the cut goes through: which of their two links is gone. As many as were under way at once.
    let halves: HistoryHalves

    /// The row of `audit_state`; nil when there is none yet.
    init?(_ db: Database) throws {
        let sql = """
            SELECT cut_sequence, cut_mac, sealed_key, key_id, cut_before, anchor_mac, cut_halves
            FROM audit_state
            """
        guard let row = try Row.fetchOne(db, sql: sql) else { return nil }
        let (sealed, anchor): (Data, Data) = (row[2], row[5])
        sealedKey = Array(sealed)
        keyID = row[3]
        before = row[4]
        anchorMAC = Array(anchor)
        cut = AuditChain.Head(row)
        guard let halves = HistoryHalves(text: row[6]) else {
            throw StorageError.unreadableRow(table: "audit_state", key: "1", column: "cut_halves")
        }
        self.halves = halves
    }
}

extension AuditChain {
    /// Opens the chain of a store under its sealing key, for the one writer; begins it in a new store. Part
    /// of a write transaction.
    static func open(_ db: Database, sealer: PINSealer) throws -> AuditChain {
        if let state = try AuditState(db) { return try AuditChain(state, sealer) }
        let key = SymmetricKey(size: .bits256)
        let chain = AuditChain(key: key)
        try db.execute(
            sql: """
                INSERT INTO audit_state (only, sealed_key, key_id, cut_sequence, cut_mac, anchor_mac)
                VALUES (1, ?, ?, 0, ?, ?)
                """,
            arguments: [
                Data(sealer.seal(auditKey: key)), sealer.keyID, Data(Head().mac),
                Data(chain.anchorMAC(cut: Head(), before: nil)),
            ])
        return chain
    }

    init(_ state: AuditState, _ sealer: PINSealer) throws(StorageError) {
        self.init(key: try sealer.open(auditKey: state.sealedKey, keyID: state.keyID))
    }
}

/// Requests that the chain's beginning goes through: one of their two links was pruned, the other is still there, and so
/// is the row. At any time several requests are under way, so that a cut seldom finds none.
struct HistoryHalves: Equatable {
    /// The kind of the link that is gone, by the id of the request.
    private(set) var kinds: [Int64: AuditEntry.Kind] = [:]

    /// Reads ``text``; nil for anything else.
    init?(text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let kind = AuditEntry.Kind(rawValue: String(parts[0])), kind != .event,
                let id = Int64(parts[1]), kinds.updateValue(kind, forKey: id) == nil
            else { return nil }
        }
    }

    /// `opened:12 answered:15`, by id.
    var text: String {
        kinds.sorted { $0.key < $1.key }.map { "\($0.value.rawValue):\($0.key)" }.joined(separator: " ")
    }

    /// Takes note that a link of a request goes.
    ///
    /// - Returns: whether the other one is gone as well, and the row can go.
    mutating func lose(_ kind: AuditEntry.Kind, of id: Int64) -> Bool {
        if let other = kinds[id], other != kind {
            kinds[id] = nil
            return true
        }
        kinds[id] = kind
        return false
    }

    /// What the links that are gone vouched for, by id; nil when one of the rows is gone.
    func contents(_ db: Database) throws -> [(kind: AuditEntry.Kind, content: [DatabaseValue])]? {
        var contents: [(AuditEntry.Kind, [DatabaseValue])] = []
        for (id, kind) in kinds.sorted(by: { $0.key < $1.key }) {
            guard let content = try AuditEntry.content(of: kind, id, db) else { return nil }
            contents.append((kind, content))
        }
        return contents
    }
}

extension AuditChain {
    /// Whether the chain begins where `state` says, and what the cut left of requests is as it was written.
    func vouches(for state: AuditState, _ db: Database) throws -> Bool {
        guard let halves = try state.halves.contents(db) else { return false }
        return anchorMAC(cut: state.cut, before: state.before, halves: halves)
            == state.anchorMAC
    }
}
