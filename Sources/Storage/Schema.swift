import GRDB

/// The schema of the store: its named migrations, in order.
enum Schema {
    /// Marks the file as a store of twostepd (`PRAGMA application_id`): "2SVD".
    static let applicationID = 0x3253_5644

    /// All migrations, in order. One that was released is never changed: a change of the schema is a new one at the end.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001-schema", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            for part in [tables, indexes, rules, views] { try db.execute(sql: part) }
        }
        return migrator
    }

    /// The first of the migrations that development versions before 0.1.0 had. They are one since.
    private static let developmentMigration = "0001-first-tables"

    /// Refuses a database of something else, and one with migrations that this version does not know: a later version's,
    /// or those of a development version before 0.1.0.
    static func check(_ db: Database, at path: String) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'") ?? 0
        guard application == applicationID || (application == 0 && tables == 0) else {
            throw StorageError.corrupted(path: path, problem: "it is a database of another application")
        }
        let applied = try migrator.appliedIdentifiers(db)
        guard !applied.contains(developmentMigration) else { throw StorageError.developmentSchema(path: path) }
        let unknown = applied.subtracting(migrator.migrations)
        guard unknown.isEmpty else { throw StorageError.newerSchema(path: path, migrations: unknown.sorted()) }
    }

    /// Refuses a database that is not at this version's schema.
    static func checkIsCurrent(_ db: Database, at path: String) throws {
        try check(db, at: path)
        guard try migrator.hasCompletedMigrations(db) else { throw StorageError.olderSchema(path: path) }
    }
}
