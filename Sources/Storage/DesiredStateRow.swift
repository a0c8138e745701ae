import GRDB
import Planning

/// The desired state in force, as `desired_states` holds it.
struct DesiredStateRow {
    let revision: Int
    let sha256: String
    let loadedAt: Instant
    let source: String

    /// The highest accepted revision; nil when there is none.
    static func inForce(_ db: Database) throws -> DesiredStateRow? {
        let sql = """
            SELECT revision, sha256, loaded_at, source FROM desired_states WHERE state = 'accepted'
            ORDER BY revision DESC LIMIT 1
            """
        guard let row = try Row.fetchOne(db, sql: sql) else { return nil }
        var reader = RowReader(row, table: "desired_states")
        let revision = reader.integer()
        reader.identify(as: "\(revision)")
        return DesiredStateRow(
            revision: revision, sha256: reader.text(), loadedAt: try reader.instant("loaded_at"),
            source: reader.text()
        )
    }

    /// Appends the next accepted revision.
    static func append(
        _ desired: DesiredState, _ difference: DesiredStateDifference, at now: Instant, _ db: Database
    ) throws -> Int {
        let highest = try Int.fetchOne(db, sql: "SELECT max(revision) FROM desired_states")
        let revision = (highest ?? 0) + 1
        try db.execute(
            sql: """
                INSERT INTO desired_states (revision, sha256, loaded_at, source, state, numbers, added, changed,
                    removed)
                VALUES (?, ?, ?, ?, 'accepted', ?, ?, ?, ?)
                """,
            arguments: [
                revision, desired.sha256, now.description, desired.source, desired.numbers.count,
                difference.added.count, difference.changed.count, difference.removed.count,
            ]
        )
        return revision
    }
}

/// How the last load of the desired-state file ended.
struct LoadState {
    let isValid: Bool?
    let at: Instant?
    let sha256: String?
    let problem: String?

    init(_ db: Database) throws {
        let sql = "SELECT load_valid, load_at, load_sha256, load_problem FROM store_state"
        guard let row = try Row.fetchOne(db, sql: sql) else {
            throw StorageError.unreadableRow(table: "store_state", key: "1", column: "only")
        }
        var reader = RowReader(row, table: "store_state", key: "1")
        isValid = reader.optionalInteger().map { $0 != 0 }
        at = try reader.optionalInstant("load_at")
        sha256 = reader.optionalText()
        problem = reader.optionalText()
    }

    /// Records a load; `problem` is nil for a valid state.
    static func write(
        sha256: String?, source: String, problem: String?, at now: Instant, _ db: Database
    ) throws {
        try db.execute(
            sql: """
                UPDATE store_state SET load_valid = ?, load_at = ?, load_sha256 = ?, load_source = ?, load_problem = ?
                """,
            arguments: [problem == nil, now.description, sha256, source, problem]
        )
    }
}
