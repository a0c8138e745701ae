import GRDB
public import Planning

extension StoreReader {
    /// The number that a number or label stands for, managed or not; nil when the store does not know it.
    public func number(named name: String) throws(StorageError) -> PhoneNumber? {
        try read { db in
            // The label of an unmanaged number means nothing any more.
            let sql = """
                SELECT number FROM numbers WHERE number = ?1
                UNION ALL SELECT number FROM numbers WHERE managed = 1 AND label = ?1 LIMIT 1
                """
            return try db.firstRow(of: "numbers", sql, [name]) { row in try row.number() }
        }
    }

    /// The managed numbers and their labels of which one begins with `prefix`, in number order, at most `limit`.
    ///
    /// For completions in a shell: two columns of one table, and nothing is decoded that could fail.
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
