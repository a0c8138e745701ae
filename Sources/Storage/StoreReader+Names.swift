import GRDB

extension StoreReader {
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
