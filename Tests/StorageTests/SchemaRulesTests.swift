import GRDB
import Planning
import Testing

@testable import Storage

struct SchemaRulesTests {
    private func store() throws -> Store {
        let store = try Sample.store(1)
        try store.addGeneration(1, "284715", to: 1)
        try store.commit([
            .openChange(try Sample.change(1, 1)), .openChange(try Sample.change(2, 1)),
            .closeChange(id: 1, answeredAt: Sample.at(1), outcome: Outcome(.success)),
            .event(EventEntry(at: Sample.now, kind: .started, detail: "begins")),
        ])
        return store
    }

    @Test(arguments: [
        "DELETE FROM events", "UPDATE events SET detail = ''",
        "INSERT OR REPLACE INTO events SELECT * FROM events LIMIT 1",
        "DELETE FROM changes", "DELETE FROM changes WHERE id = 2",
        "UPDATE changes SET message = 'x' WHERE id = 1",
        "UPDATE changes SET answered_at = NULL, outcome = NULL, outcome_reason = NULL WHERE id = 1",
        "UPDATE changes SET message = 'x' WHERE id = 2",
        """
        UPDATE changes SET sent_at = '2000-01-01T00:00:00.000Z', answered_at = '2000-01-01T00:00:00.000Z',
            outcome = 'accepted', outcome_reason = 'success' WHERE id = 2
        """,
        "INSERT OR REPLACE INTO changes SELECT * FROM changes WHERE id = 1",
        "DELETE FROM pins", "INSERT OR REPLACE INTO pins SELECT * FROM pins",
        "DELETE FROM numbers",
    ])
    func `history, PINs and numbers cannot be taken back`(sql: String) throws {
        let store = try store()
        #expect(throws: DatabaseError.self) { try store.execute(sql) }
        #expect(try store.count("changes") == 2)
        #expect(try store.reader.unansweredChanges().map(\.id) == [2])
    }

    @Test(arguments: [
        "UPDATE numbers SET due_at = '2026-01-01'", "UPDATE numbers SET managed = 2",
        "UPDATE numbers SET managed = 0", "UPDATE numbers SET attempts = 'many'",
        "UPDATE numbers SET refused_action = 'enable'",
        "UPDATE numbers SET cycle_since = applied_at, cycle_reason = 'x'",
        "UPDATE numbers SET maybe_off = 0, off_doubt_at = due_at", "UPDATE pins SET sealed = x'00'",
        "UPDATE pins SET maybe_live = 0, doubt_at = created_at",
        "UPDATE changes SET answered_at = sent_at WHERE id = 2",
    ])
    func `a value of the wrong shape is refused`(sql: String) throws {
        let store = try store()
        #expect(throws: DatabaseError.self) { try store.execute(sql) }
    }

    @Test func `a row that was edited by hand is named, not believed`() throws {
        let store = try store()
        try store.execute("UPDATE numbers SET rotation_window = 'whenever'")
        let number = try Sample.number(1)
        #expect(
            throws: StorageError.unreadableRow(table: "numbers", key: "\(number)", column: "rotation_window")
        ) { try store.required(1) }
    }

    @Test func `an empty belief is named, not believed`() throws {
        let store = try store()
        try store.execute("UPDATE numbers SET maybe_off = 0, maybe_foreign = 0")
        try store.execute("UPDATE pins SET maybe_live = 0, doubt_at = NULL")
        #expect(throws: StorageError.self) { try store.required(1) }
    }
}
