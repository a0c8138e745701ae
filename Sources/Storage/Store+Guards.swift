import GRDB
public import Planning

extension Database {
    /// Stores that a guard is active, or deletes it when it no longer is.
    func perform(_ state: GuardState) throws {
        guard let since = state.since else {
            try cachedStatement(sql: "DELETE FROM guards WHERE kind = ? AND subject = ?")
                .execute(arguments: [state.kind.rawValue, state.subject])
            return
        }
        try cachedStatement(
            sql: """
                INSERT OR REPLACE INTO guards (kind, subject, since, until, permitted, detail) VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                state.kind.rawValue, state.subject, since.description, state.until?.description, state.permitted,
                state.detail.boundedLine(to: TextLimit.line),
            ])
    }
}

extension StoreReader {
    /// Returns the active guards of the running daemon, as it wrote them; meaningless when no daemon runs.
    public func guardStates() throws(StorageError) -> [GuardState] {
        try read { db in
            let sql = "SELECT kind, subject, since, until, permitted, detail FROM guards ORDER BY kind, subject"
            return try db.rows(of: "guards", sql) { row -> GuardState? in
                guard let kind = GuardState.Kind(rawValue: row.text()) else { return nil }
                return GuardState(
                    kind, subject: row.text(), since: try row.instant("since"),
                    until: try row.optionalInstant("until"), permitted: row.optionalInteger(),
                    detail: row.text())
            }.compactMap(\.self)
        }
    }

    /// Returns the pause of all numbers; nil when none exists.
    public func fleetPause() throws(StorageError) -> Pause? {
        try read { db in
            let sql = "SELECT \(PauseColumns.list) FROM store_state"
            return try db.firstRow(of: "store_state", key: "1", sql) { row in try PauseColumns.read(&row) } ?? nil
        }
    }

    /// Returns the marker of tokens, whose marks are valid for this store alone.
    public func tokenMarker() throws(StorageError) -> TokenMarker {
        try read { db in
            let salt = try db.firstRow(of: "store_state", "SELECT token_salt FROM store_state") { row in row.bytes() }
            guard let salt else {
                throw StorageError.unreadableRow(table: "store_state", key: "1", column: "token_salt")
            }
            return TokenMarker(salt: salt)
        }
    }
}
