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
