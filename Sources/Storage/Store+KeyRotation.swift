import Crypto
import Foundation
import GRDB
public import Planning

extension Store {
    /// Reseals everything under another key, in one durable transaction: afterwards the new key opens all of it;
    /// before, or when it throws, the old one does. The store holds the old key, so it is closed here.
    ///
    /// - Returns: the number of resealed PINs.
    public func rotateKey(to new: SealingKey, at now: Instant, actor: String) throws(StorageError) -> Int {
        let (old, sealer) = (sealer, PINSealer(key: new))
        let count = try write { db in
            let count = try Self.resealPINs(db, old, sealer)
            // Marks depend on the key, and the PINs themselves are not in the store: the next reading marks them anew.
            try db.execute(
                sql: """
                    UPDATE numbers SET operator_pin_mark = NULL, version = version + 1
                    WHERE operator_pin_mark IS NOT NULL
                    """)
            let auditKey = chain.key
            try db.execute(
                sql: "UPDATE audit_state SET sealed_key = ?, key_id = ?",
                arguments: [Data(sealer.seal(auditKey: auditKey)), sealer.keyID])
            try append(
                EventEntry(
                    at: now, kind: .keyRotated, actor: actor,
                    detail: "\(count.counted("PIN")) resealed, from key \(old.keyID) to key \(sealer.keyID)"), db)
            return count
        }
        try close()
        return count
    }

    private static func resealPINs(_ db: Database, _ old: PINSealer, _ new: PINSealer) throws -> Int {
        let page = 1000
        let select = try db.makeStatement(
            sql: """
                SELECT number, generation, sealed, key_id FROM pins WHERE (number, generation) > (?, ?)
                ORDER BY number, generation LIMIT \(page)
                """)
        let update = try db.makeStatement(
            sql: "UPDATE pins SET sealed = ?, key_id = ? WHERE number = ? AND generation = ?")
        var (last, count): ((String, Int), Int) = (("", 0), 0)
        while true {
            let rows = try Row.fetchAll(select, arguments: [last.0, last.1])
            for row in rows {
                let (text, generation): (String, Int) = (row[0], row[1])
                guard let number = PhoneNumber(text) else {
                    throw StorageError.unreadableRow(table: "pins", key: text, column: "number")
                }
                let sealed: Data = row[2]
                let pin = try old.open(Array(sealed), number: number, generation: generation, keyID: row[3])
                try update.execute(
                    arguments: [
                        Data(new.seal(pin, number: number, generation: generation)), new.keyID, text, generation,
                    ])
                last = (text, generation)
            }
            count += rows.count
            if rows.count < page { return count }
        }
    }
}

extension StoreReader {
    /// Returns the id of the key under which a store is sealed; nil when there is no store, nothing is sealed yet, or
    /// the store cannot be read. Opening the store then reports the error.
    public static func keyID(at location: StoreLocation) -> String? {
        guard location.hasStore else { return nil }
        var configuration = Store.configuration
        configuration.readonly = true
        // This only helps to choose among keys: any failure occurs again, and is reported, when the store is opened.
        return try? DatabaseQueue(path: location.database, configuration: configuration).read { db in
            try db.tableExists("audit_state") ? try Store.keyID(db) : nil
        }
    }
}
