import GRDB
import GRDBSQLite
import Planning

extension Statement {
    /// Executes the statement with the values that `bind` binds, one for each `?` in order. Used for rows that are
    /// written for every request: GRDB's arguments would be boxed one by one, and kept.
    func run(_ bind: (inout Bindings) -> Void) throws {
        self.bind(bind)
        try execute()
    }

    /// Binds values in the same way for a query.
    func bind(_ bind: (inout Bindings) -> Void) {
        // Resets the statement, and makes GRDB leave the bindings alone.
        setUncheckedArguments([])
        var bindings = Bindings(self)
        bind(&bindings)
        precondition(
            bindings.count == sqlite3_bind_parameter_count(sqliteStatement), "every parameter has its value")
    }
}

/// Binds values to the parameters of a statement, in order.
struct Bindings {
    private let statement: SQLiteStatement
    fileprivate private(set) var count: Int32 = 0

    /// `SQLITE_TRANSIENT`: SQLite copies the text.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    fileprivate init(_ statement: Statement) { self.statement = statement.sqliteStatement }

    mutating func text(_ value: String?) {
        guard var value else { return null() }
        value.withUTF8 { bytes in
            // An empty text may have no address, which SQLite would store as NULL.
            guard let base = bytes.baseAddress else {
                return check(sqlite3_bind_text(statement, count + 1, "", 0, nil))
            }
            base.withMemoryRebound(to: CChar.self, capacity: bytes.count) { text in
                check(sqlite3_bind_text(statement, count + 1, text, Int32(bytes.count), Self.transient))
            }
        }
    }

    mutating func instant(_ value: Instant?) { text(value?.description) }

    mutating func number(_ value: PhoneNumber) { text(value.description) }

    mutating func integer(_ value: Int64?) {
        guard let value else { return null() }
        check(sqlite3_bind_int64(statement, count + 1, value))
    }

    mutating func integer(_ value: Int?) { integer(value.map { Int64($0) }) }

    mutating func flag(_ value: Bool) { integer(value ? Int64(1) : 0) }

    mutating func bytes(_ value: [UInt8]) {
        value.withUnsafeBytes { bytes in
            check(sqlite3_bind_blob(statement, count + 1, bytes.baseAddress, Int32(bytes.count), Self.transient))
        }
    }

    private mutating func null() { check(sqlite3_bind_null(statement, count + 1)) }

    private mutating func check(_ code: Int32) {
        // Fails only for a missing parameter, or a text beyond SQLite's limit; all texts here are bounded.
        precondition(code == SQLITE_OK, "a value can be bound")
        count += 1
    }
}
