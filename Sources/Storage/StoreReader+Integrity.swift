import GRDB

extension StoreReader {
    /// A larger store is not read as a whole before the start: that would take seconds, for history alone.
    static let mostReadAtStart: Int64 = 256 << 20
    /// What beliefs, PINs and the next requests depend on.
    private static let vital = ["numbers", "pins", "desired_states", "store_state", "audit_state", "guards"]

    /// Reads what a start depends on, all of it in a store that is not large, and throws
    /// ``StorageError/corrupted(path:problem:)`` when it is damaged.
    static func checkBeforeStart(_ db: Database, _ path: String, mostRead: Int64 = mostReadAtStart) throws {
        guard try StoreSize(db).bytes > mostRead else { return try check(db, path) }
        for table in vital where try db.tableExists(table) {
            let findings = try String.fetchAll(db, sql: "PRAGMA quick_check('\(table)')")
            guard findings == ["ok"] else {
                throw StorageError.corrupted(path: path, problem: findings.prefix(5).joined(separator: "; "))
            }
        }
    }

    /// What is damaged of a store that is too large to be read as a whole before the start; nil for nothing, and at once
    /// for every other.
    public func damageFoundLater() throws(StorageError) -> String? {
        try damageFoundLater(mostRead: Self.mostReadAtStart)
    }

    /// The same for another limit of what is read before the start.
    func damageFoundLater(mostRead: Int64) throws(StorageError) -> String? {
        guard try size().bytes > mostRead else { return nil }
        do {
            try read { try Self.check($0, path) }
            return nil
        } catch .corrupted(_, let problem) {
            return problem
        }
    }

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
