import Crypto
import Foundation
import GRDB

/// Where the chain begins, and its key in its sealed form.
struct AuditState {
    let sealedKey: [UInt8]
    let keyID: String
    let adopted: Int
    let cut: AuditChain.Head
    let before: String?
    let anchorMAC: [UInt8]
    /// Requests that the cut goes through: which of their two links is gone. As many as were under way at once.
    let halves: HistoryHalves

    /// The row of `audit_state`; nil when there is none yet.
    init?(_ db: Database) throws {
        let sql = """
            SELECT cut_sequence, cut_mac, sealed_key, key_id, adopted, cut_before, anchor_mac, cut_halves
            FROM audit_state
            """
        guard let row = try Row.fetchOne(db, sql: sql) else { return nil }
        let (sealed, anchor): (Data, Data) = (row[2], row[6])
        sealedKey = Array(sealed)
        keyID = row[3]
        adopted = row[4]
        before = row[5]
        anchorMAC = Array(anchor)
        cut = AuditChain.Head(row)
        guard let halves = HistoryHalves(text: row[7]) else {
            throw StorageError.unreadableRow(table: "audit_state", key: "1", column: "cut_halves")
        }
        self.halves = halves
    }
}

extension AuditChain {
    /// Opens the chain of a store under its sealing key, for the one writer; begins it where there is none yet, over
    /// all history that is there. Part of a write transaction.
    static func open(_ db: Database, sealer: PINSealer) throws -> AuditChain {
        if let state = try AuditState(db) { return try AuditChain(state, sealer) }
        let key = SymmetricKey(size: .bits256)
        let chain = AuditChain(key: key)
        let adopted = try chain.appendEarlierHistory(db)
        try db.execute(
            sql: """
                INSERT INTO audit_state (only, sealed_key, key_id, adopted, cut_sequence, cut_mac, anchor_mac)
                VALUES (1, ?, ?, ?, 0, ?, ?)
                """,
            arguments: [
                Data(sealer.seal(auditKey: key)), sealer.keyID, adopted, Data(Head().mac),
                Data(chain.anchorMAC(cut: Head(), before: nil, adopted: adopted)),
            ])
        return chain
    }

    init(_ state: AuditState, _ sealer: PINSealer) throws(StorageError) {
        self.init(key: try sealer.open(auditKey: state.sealedKey, keyID: state.keyID))
    }

    /// Chains all history that is there; gives how many links that are.
    private func appendEarlierHistory(_ db: Database) throws -> Int {
        var head = Head()
        let cursor = try Row.fetchCursor(db, sql: AuditEntry.query(AuditTables.earlier, mac: "NULL"))
        while let row = try cursor.next() {
            let entry = try AuditEntry(row)
            guard let content = entry.content else { preconditionFailure("a row that was just listed is there") }
            try append(ChainNotes.Note(kind: entry.kind, rowID: entry.rowID, content: content), to: &head, db)
        }
        return Int(head.sequence)
    }
}
