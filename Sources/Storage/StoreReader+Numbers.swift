import GRDB
public import Planning

extension StoreReader {
    /// Returns the number with this number or label, managed or not; nil when the store does not know it.
    public func number(named name: String) throws(StorageError) -> PhoneNumber? {
        try read { db in
            // The label of an unmanaged number is ignored.
            let sql = """
                SELECT number FROM numbers WHERE number = ?1
                UNION ALL SELECT number FROM numbers WHERE managed = 1 AND label = ?1 LIMIT 1
                """
            return try db.firstRow(of: "numbers", sql, [name]) { row in try row.number() }
        }
    }

    /// Returns the managed numbers and their labels of which one begins with `prefix`, in number order, at most
    /// `limit`.
    ///
    /// For shell completion: two columns of one table, and no decoding that could fail.
    public func names(
        beginningWith prefix: String, limit: Int
    ) throws(StorageError) -> [(number: String, label: String?)] {
        try read { db in
            let sql = """
                SELECT number, label FROM numbers
                WHERE managed = 1 AND (substr(number, 1, length(?1)) = ?1 OR substr(label, 1, length(?1)) = ?1)
                ORDER BY number LIMIT ?2
                """
            let limit = min(max(limit, 1), Self.pageLimit)
            return try Row.fetchAll(db, sql: sql, arguments: [prefix, limit]).map { ($0[0], $0[1]) }
        }
    }
}

extension StoreReader {
    /// Returns the newest generations of a number, newest first, closed. Needs no key.
    public func pins(of number: PhoneNumber, limit: Int) throws(StorageError) -> [PINRow] {
        try read { db in
            try PINRow.newest(min(max(limit, 1), Self.pageLimit), of: number, db)
        }
    }

    /// Returns the delay after which a number is rotated when its PIN was revealed; nil when it is not rotated, or an
    /// operator owns its PIN.
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

    /// Returns the PIN of one generation; nil when there is no such generation.
    ///
    /// Throws `StorageError.keyNeeded` without a key, and `sealedPINUnreadable` when the PIN cannot be opened.
    public func pin(of number: PhoneNumber, generation: Int) throws(StorageError) -> PIN? {
        try read { db in
            try PINRow.pin(of: number, generation: generation, sealer, db, path: path)
        }
    }
}
