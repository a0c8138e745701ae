import GRDB
public import Planning

extension StoreReader {
    /// The newest generations of a number, newest first, closed. Needs no key.
    public func pins(of number: PhoneNumber, limit: Int) throws(StorageError) -> [PINRow] {
        try read { db in
            try PINRow.newest(min(max(limit, 1), Self.pageLimit), of: number, db)
        }
    }

    /// How long after a look at its PIN a number is rotated; nil when it is not, or when its PIN is not ours to change.
    public func rotationAfterReveal(of number: PhoneNumber) throws(StorageError) -> Duration? {
        try read { db in
            let sql = """
                SELECT rotate_after_reveal FROM numbers
                WHERE number = ? AND managed = 1 AND verification = 'enabled' AND operator_pin IS NULL
                """
            return try db.firstRow(of: "numbers", key: number.description, sql, [number.description]) { row in
                try row.optional("rotate_after_reveal") { Duration(periodText: $0) }
            } ?? nil
        }
    }

    /// The PIN of one generation; nil when there is no such generation.
    ///
    /// Throws `StorageError.keyNeeded` without a key, and `sealedPINUnreadable` when it cannot be opened.
    public func pin(of number: PhoneNumber, generation: Int) throws(StorageError) -> PIN? {
        try read { db in
            try PINRow.pin(of: number, generation: generation, sealer, db, path: path)
        }
    }
}
