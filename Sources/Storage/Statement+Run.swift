import GRDB
import GRDBSQLite
import Planning

extension Statement {
    /// Executes with what `bind` binds, one value for each `?` in their order: for what is written for every request.
    /// Arguments would be boxed one by one, and kept.
    func run(_ bind: (inout Bindings) -> Void) throws {
        self.bind(bind)
        try execute()
    }

    /// The same for a query.
    func bind(_ bind: (inout Bindings) -> Void) {
        // Resets it, and makes GRDB leave the bindings alone.
        setUncheckedArguments([])
        var bindings = Bindings(self)
        bind(&bindings)
        precondition(
            bindings.count == sqlite3_bind_parameter_count(sqliteStatement), "every parameter has its value")
    }
}

/// Binds values to the parameters of a statement, one after the other.
struct Bindings {
    private let statement: SQLiteStatement
    fileprivate private(set) var count: Int32 = 0

    /// SQLite's word for a text that it copies.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    fileprivate init(_ statement: Statement) { self.statement = statement.sqliteStatement }

    mutating func text(_ value: String?) {
        guard var value else { return null() }
        value.withUTF8 { bytes in
            // An empty text has no address, which to SQLite is NULL.
            guard let base = bytes.baseAddress else { return note(sqlite3_bind_text(statement, count + 1, "", 0, nil)) }
            base.withMemoryRebound(to: CChar.self, capacity: bytes.count) { text in
                note(sqlite3_bind_text(statement, count + 1, text, Int32(bytes.count), Self.transient))
            }
        }
    }

    mutating func instant(_ value: Instant?) { text(value?.description) }

    mutating func number(_ value: PhoneNumber) { text(value.description) }

    mutating func integer(_ value: Int64?) {
        guard let value else { return null() }
        note(sqlite3_bind_int64(statement, count + 1, value))
    }

    mutating func integer(_ value: Int?) { integer(value.map { Int64($0) }) }

    mutating func flag(_ value: Bool) { integer(value ? Int64(1) : 0) }

    mutating func bytes(_ value: [UInt8]) {
        value.withUnsafeBytes { bytes in
            note(sqlite3_bind_blob(statement, count + 1, bytes.baseAddress, Int32(bytes.count), Self.transient))
        }
    }

    private mutating func null() { note(sqlite3_bind_null(statement, count + 1)) }

    private mutating func note(_ code: Int32) {
        // It can only fail for a parameter that is not there, or a text beyond SQLite's limit: ours are bounded.
        precondition(code == SQLITE_OK, "a value can be bound")
        count += 1
    }
}
