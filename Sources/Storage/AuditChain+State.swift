import Crypto
import Foundation
import GRDB

/// The beginning of the chain, and the chain's key in sealed form.
struct AuditState {
    let sealedKey: [UInt8]
    let keyID: String
    let cut: AuditChain.Head
    let before: String?
    let anchorMAC: [UInt8]
    /// The requests of which the cut removed one link and left the other; at most as many as were in flight at once.
    let halves: HistoryHalves

    /// Reads the row of `audit_state`; nil when none exists yet.
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
    /// Opens the chain of a store with its sealing key, for the one writer; starts the chain in a new store. Must run
    /// in a write transaction.
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

/// The requests that lie across the beginning of the chain: one of their two links was pruned, the other one and the
/// row are still there. Several requests are in flight at any time, so most cuts leave some.
struct HistoryHalves: Equatable {
    /// The kind of the pruned link, by the id of the request.
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

    /// The stored form, such as `opened:12 answered:15`, sorted by id.
    var text: String {
        kinds.sorted { $0.key < $1.key }.map { "\($0.value.rawValue):\($0.key)" }.joined(separator: " ")
    }

    /// Records that a link of a request was pruned.
    ///
    /// - Returns: true when the other link is pruned as well, so that the row can be deleted.
    mutating func lose(_ kind: AuditEntry.Kind, of id: Int64) -> Bool {
        if let other = kinds[id], other != kind {
            kinds[id] = nil
            return true
        }
        kinds[id] = kind
        return false
    }

    /// The content that the pruned links covered, by id; nil when one of the rows is gone.
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
    /// Returns true when the chain begins where `state` says, and the rows whose links were half pruned are unchanged.
    func vouches(for state: AuditState, _ db: Database) throws -> Bool {
        guard let halves = try state.halves.contents(db) else { return false }
        return anchorMAC(cut: state.cut, before: state.before, halves: halves)
            == state.anchorMAC
    }
}
