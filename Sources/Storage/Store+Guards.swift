import GRDB
public import Planning

extension Database {
    /// Writes that a guard holds, or no longer does.
    func perform(_ state: GuardState) throws {
        guard let since = state.since else {
            try cachedStatement(sql: "DELETE FROM guards WHERE kind = ? AND subject = ?")
                .execute(arguments: [state.kind.rawValue, state.subject])
            return
        }
        try cachedStatement(
            sql: "INSERT OR REPLACE INTO guards (kind, subject, since, permitted, detail) VALUES (?, ?, ?, ?, ?)"
        ).execute(
            arguments: [
                state.kind.rawValue, state.subject, since.description, state.permitted,
                state.detail.boundedLine(to: TextLimit.line),
            ])
    }
}

extension StoreReader {
    /// The guards that hold the running daemon back, as it wrote them; of no meaning when none runs.
    public func guardStates() throws(StorageError) -> [GuardState] {
        try read { db in
            let sql = "SELECT kind, subject, since, permitted, detail FROM guards ORDER BY kind, subject"
            return try Row.fetchAll(db, sql: sql).compactMap { row in
                var reader = RowReader(row, table: "guards")
                guard let kind = GuardState.Kind(rawValue: reader.text()) else { return nil }
                return GuardState(
                    kind, subject: reader.text(), since: try reader.instant("since"),
                    permitted: reader.optionalInteger(), detail: reader.text())
            }
        }
    }

    /// The pause of all numbers; nil when there is none.
    public func fleetPause() throws(StorageError) -> Pause? {
        try read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT \(PauseColumns.list) FROM store_state") else {
                return nil
            }
            var reader = RowReader(row, table: "store_state", key: "1")
            return try PauseColumns.read(&reader)
        }
    }

    /// Makes marks of tokens that belong to this store alone.
    public func tokenMarker() throws(StorageError) -> TokenMarker {
        try read { db in
            guard let row = try Row.fetchOne(db, sql: "SELECT token_salt FROM store_state") else {
                throw StorageError.unreadableRow(table: "store_state", key: "1", column: "token_salt")
            }
            var reader = RowReader(row, table: "store_state", key: "1")
            return TokenMarker(salt: reader.bytes())
        }
    }
}
