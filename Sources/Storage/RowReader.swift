import GRDB
import GRDBSQLite
import Planning

/// Reads the columns of one row in order, and names the column that holds what this program never writes.
///
/// STRICT tables guarantee the storage class, so only the content is checked here.
struct RowReader {
    /// Its current row is read where SQLite has it: some are read by the hundred thousand.
    private let statement: SQLiteStatement
    private let table: String
    private var key: String
    private var index = 0

    /// Reads the row that `statement` has stepped to; it is good until the next step.
    init(at statement: Statement, table: String, key: String = "") {
        self.statement = statement.sqliteStatement
        self.table = table
        self.key = key
    }

    /// Names the row for errors.
    mutating func identify(as key: String) { self.key = key }

    func failure(_ column: String) -> StorageError {
        .unreadableRow(table: table, key: key, column: column)
    }

    mutating func text() -> String { optionalText() ?? "" }

    mutating func optionalText() -> String? { withBytes { $0.map { String(decoding: $0, as: UTF8.self) } } }

    /// Whether the text is this one; nil for NULL.
    mutating func says(_ text: String?) -> Bool {
        withBytes { stored in
            guard let stored, var text else { return stored == nil && text == nil }
            return text.withUTF8 { $0.elementsEqual(stored) }
        }
    }

    mutating func integer() -> Int { optionalInteger() ?? 0 }

    mutating func optionalInteger() -> Int? { optionalIdentifier().map { Int($0) } }

    mutating func identifier() -> Int64 { optionalIdentifier() ?? 0 }

    private mutating func optionalIdentifier() -> Int64? {
        defer { index += 1 }
        guard sqlite3_column_type(statement, Int32(index)) != SQLITE_NULL else { return nil }
        return sqlite3_column_int64(statement, Int32(index))
    }

    mutating func flag() -> Bool { integer() != 0 }

    /// Passes over a column that is not needed.
    mutating func skip() { index += 1 }

    mutating func bytes() -> [UInt8] { withBytes { $0.map { Array($0) } ?? [] } }

    /// The bytes of a text or a blob, nil for NULL, as long as `body` runs.
    private mutating func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>?) -> Value) -> Value {
        defer { index += 1 }
        let column = Int32(index)
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { return body(nil) }
        // An empty blob has no address.
        let start = sqlite3_column_blob(statement, column)?.assumingMemoryBound(to: UInt8.self)
        return body(UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column))))
    }

    mutating func number(_ column: String = "number") throws(StorageError) -> PhoneNumber {
        guard let number = withBytes({ $0.flatMap { PhoneNumber(utf8: $0) } }) else {
            index -= 1
            identify(as: text())
            throw failure(column)
        }
        if key.isEmpty { identify(as: number.description) }
        return number
    }

    /// A value that its text form gives.
    mutating func value<Value>(_ column: String, _ read: (String) -> Value?) throws(StorageError) -> Value {
        guard let value = read(text()) else { throw failure(column) }
        return value
    }

    /// A value that its text form gives; nil for NULL.
    mutating func optional<Value>(_ column: String, _ read: (String) -> Value?) throws(StorageError) -> Value? {
        guard let text = optionalText() else { return nil }
        guard let value = read(text) else { throw failure(column) }
        return value
    }

    mutating func instant(_ column: String) throws(StorageError) -> Instant {
        guard let instant = try optionalInstant(column) else { throw failure(column) }
        return instant
    }

    mutating func optionalInstant(_ column: String) throws(StorageError) -> Instant? {
        var isNull = false
        let instant = withBytes { bytes -> Instant? in
            isNull = bytes == nil
            return bytes.flatMap { Instant(utf8: $0) }
        }
        guard isNull || instant != nil else { throw failure(column) }
        return instant
    }

    /// A period such as `90d`; nil for `never`.
    mutating func period(_ column: String) throws(StorageError) -> Duration? {
        let text = text()
        guard text != "never" else { return nil }
        guard let period = Duration(periodText: text) else { throw failure(column) }
        return period
    }
}

extension Database {
    /// What `read` makes of each row that a query gives, in their order.
    ///
    /// - Parameter key: names a row in errors, until `read` does.
    func rows<Value>(
        of table: String, key: String = "", _ sql: String, _ arguments: StatementArguments = [],
        _ read: (inout RowReader) throws -> Value
    ) throws -> [Value] {
        let statement = try cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        var values: [Value] = []
        while try cursor.next() != nil {
            var reader = RowReader(at: statement, table: table, key: key)
            values.append(try read(&reader))
        }
        return values
    }

    /// What `read` makes of the first row that a query gives; nil when there is none.
    func firstRow<Value>(
        of table: String, key: String = "", _ sql: String, _ arguments: StatementArguments = [],
        _ read: (inout RowReader) throws -> Value
    ) throws -> Value? {
        let statement = try cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        // The row is there as long as the cursor is.
        return try withExtendedLifetime(cursor) {
            guard try cursor.next() != nil else { return nil }
            var reader = RowReader(at: statement, table: table, key: key)
            return try read(&reader)
        }
    }
}
