import GRDB

/// The schema of the store: its named migrations, in order.
enum Schema {
    /// Marks the file as a store of twostepd (`PRAGMA application_id`): "2SVD".
    static let applicationID = 0x3253_5644

    /// All migrations. One that was released is never changed: a change of the schema is a new one at the end.
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0001-first-tables", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: FirstTables.tables)
            try db.execute(sql: FirstTables.indexes)
            try db.execute(sql: FirstTables.rules)
            try db.execute(sql: FirstTables.views)
        }
        migrator.registerMigration("0002-fence") { db in
            try db.execute(
                sql: """
                    ALTER TABLE store_state ADD COLUMN start_count INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE store_state ADD COLUMN is_copy INTEGER NOT NULL DEFAULT 0 CHECK (is_copy IN (0, 1));
                    ALTER TABLE store_state ADD COLUMN restored_at TEXT;
                    ALTER TABLE store_state ADD COLUMN clock_mark TEXT NOT NULL DEFAULT '';
                    """)
        }
        migrator.registerMigration("0003-guards") { db in
            try db.execute(sql: GuardTables.additions)
        }
        migrator.registerMigration("0004-audit-chain") { db in
            try db.execute(sql: AuditTables.tables)
            try db.execute(sql: AuditTables.rules)
        }
        migrator.registerMigration("0005-rotate-after-reveal") { db in
            try db.execute(sql: "ALTER TABLE numbers ADD COLUMN rotate_after_reveal TEXT -- such as 1h")
        }
        migrator.registerMigration("0006-hooks") { db in
            try db.execute(sql: HookTables.tables)
        }
        migrator.registerMigration("0008-retention") { db in
            try db.execute(sql: RetentionTables.additions)
        }
        migrator.registerMigration("0009-hooks-by-connection") { db in
            try db.execute(sql: HookTables.withoutTriggers)
        }
        return migrator
    }

    /// Refuses a database of something else, and one with migrations that this version does not know.
    static func check(_ db: Database, at path: String) throws {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master WHERE type = 'table'") ?? 0
        guard application == applicationID || (application == 0 && tables == 0) else {
            throw StorageError.corrupted(path: path, problem: "it is a database of another application")
        }
        let known = Set(migrator.migrations)
        let unknown = try migrator.appliedIdentifiers(db).subtracting(known)
        guard unknown.isEmpty else { throw StorageError.newerSchema(path: path, migrations: unknown.sorted()) }
    }

    /// Refuses a database that is not at this version's schema.
    static func checkIsCurrent(_ db: Database, at path: String) throws {
        try check(db, at: path)
        guard try migrator.hasCompletedMigrations(db) else { throw StorageError.olderSchema(path: path) }
    }
}
