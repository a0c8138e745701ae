import GRDB

extension StoreReader {
    /// The size in bytes above which a store is not read as a whole before the start: that would take seconds, for
    /// history alone.
    static let maxReadAtStart: Int64 = 256 << 20
    /// The tables on which beliefs, PINs and the next requests depend.
    private static let vital = ["numbers", "pins", "desired_states", "store_state", "audit_state", "guards"]

    /// Reads the tables on which a start depends, or the whole store when it is not large, and throws
    /// ``StorageError/corrupted(path:problem:)`` when there is damage.
    static func checkBeforeStart(_ db: Database, _ path: String, maxRead: Int64 = maxReadAtStart) throws {
        guard try StoreSize(db).bytes > maxRead else { return try check(db, path) }
        for table in vital where try db.tableExists(table) {
            let findings = try String.fetchAll(db, sql: "PRAGMA quick_check('\(table)')")
            guard findings == ["ok"] else {
                throw StorageError.corrupted(path: path, problem: findings.prefix(5).joined(separator: "; "))
            }
        }
    }

    /// Returns the damage of a store that is too large to be read as a whole before the start; nil when none exists,
    /// and at once for any smaller store.
    public func deferredIntegrityProblem() throws(StorageError) -> String? {
        try deferredIntegrityProblem(maxRead: Self.maxReadAtStart)
    }

    /// Does the same with another limit.
    func deferredIntegrityProblem(maxRead: Int64) throws(StorageError) -> String? {
        guard try size().bytes > maxRead else { return nil }
        do {
            try read { try Self.check($0, path) }
            return nil
        } catch .corrupted(_, let problem) {
            return problem
        }
    }

    /// Returns the damage of the database file itself, such as damaged pages or dangling references; nil when none
    /// exists.
    public func integrityProblem() throws(StorageError) -> String? {
        try read { db in
            let result = try String.fetchOne(db, sql: "PRAGMA quick_check(1)") ?? "no answer"
            guard result == "ok" else { return "the database is damaged: \(result)" }
            guard let row = try Row.fetchOne(db, sql: "PRAGMA foreign_key_check") else { return nil }
            let (table, parent): (String, String) = (row[0], row[2])
            return "a row of \(table) refers to one of \(parent) that does not exist"
        }
    }
}
