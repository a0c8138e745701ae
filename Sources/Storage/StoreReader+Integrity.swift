import GRDB

extension StoreReader {
    /// What is wrong with the database file as such: damaged pages, references that lead nowhere; nil for nothing.
    public func integrityProblem() throws(StorageError) -> String? {
        try read { db in
            let result = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard result == "ok" else { return "the database is damaged: \(result)" }
            guard let row = try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") else { return nil }
            let (table, parent): (String, String) = (row[0], row[2])
            return "a row of \(table) refers to one of \(parent) that is not there"
        }
    }
}
