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

    /// Reads the row of `audit_state`; nil when none exists yet.
    init?(_ db: Database) throws {
        let sql = """
            SELECT cut_sequence, cut_mac, sealed_key, key_id, cut_before, anchor_mac FROM audit_state
            """
        guard let row = try Row.fetchOne(db, sql: sql) else { return nil }
        let (sealed, anchor): (Data, Data) = (row[2], row[5])
        sealedKey = Array(sealed)
        keyID = row[3]
        before = row[4]
        anchorMAC = Array(anchor)
        cut = AuditChain.Head(row)
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

extension AuditChain {
    /// Returns true when the chain begins where `state` says.
    func vouches(for state: AuditState) -> Bool { anchorMAC(cut: state.cut, before: state.before) == state.anchorMAC }
}
