import GRDB
import GRDBSQLite
import Planning

/// Reads the columns of one row in order. Errors name the column whose content this program never writes.
///
/// STRICT tables guarantee the storage class, so only the content is checked here.
struct RowReader {
    /// The statement whose current row is read in place: some queries return hundreds of thousands of rows.
    private let statement: SQLiteStatement
    private let table: String
    private var key: String
    private var index = 0

    /// Reads the current row of `statement`; valid until its next step.
    init(at statement: Statement, table: String, key: String = "") {
        self.statement = statement.sqliteStatement
        self.table = table
        self.key = key
    }

    /// Sets the row's name for errors.
    mutating func identify(as key: String) { self.key = key }

    func failure(_ column: String) -> StorageError {
        .unreadableRow(table: table, key: key, column: column)
    }

    mutating func text() -> String { optionalText() ?? "" }

    mutating func optionalText() -> String? { withBytes { $0.map { String(decoding: $0, as: UTF8.self) } } }

    /// Returns true when the column's text equals this one; nil stands for NULL.
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

    /// Skips a column that is not needed.
    mutating func skip() { index += 1 }

    mutating func bytes() -> [UInt8] { withBytes { $0.map { Array($0) } ?? [] } }

    /// Passes the bytes of a text or a blob to `body`, nil for NULL. They are valid only while `body` runs.
    private mutating func withBytes<Value>(_ body: (UnsafeBufferPointer<UInt8>?) -> Value) -> Value {
        defer { index += 1 }
        let column = Int32(index)
        guard sqlite3_column_type(statement, column) != SQLITE_NULL else { return body(nil) }
        // SQLite returns no address for an empty blob.
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

    /// Returns the value that `read` parses from the column's text.
    mutating func value<Value>(_ column: String, _ read: (String) -> Value?) throws(StorageError) -> Value {
        guard let value = read(text()) else { throw failure(column) }
        return value
    }

    /// Returns the value that `read` parses from the column's text; nil for NULL.
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

    /// Returns a period such as `90d`; nil for `never`.
    mutating func period(_ column: String) throws(StorageError) -> Duration? {
        let text = text()
        guard text != "never" else { return nil }
        guard let period = Duration(periodText: text) else { throw failure(column) }
        return period
    }
}

extension Database {
    /// Returns the result of `read` for each row of a query, in order.
    ///
    /// - Parameter key: the row's name in errors, until `read` sets it.
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

    /// Returns the result of `read` for the first row of a query; nil when none exists.
    func firstRow<Value>(
        of table: String, key: String = "", _ sql: String, _ arguments: StatementArguments = [],
        _ read: (inout RowReader) throws -> Value
    ) throws -> Value? {
        let statement = try cachedStatement(sql: sql)
        let cursor = try Row.fetchCursor(statement, arguments: arguments)
        // The row is valid only while the cursor exists.
        return try withExtendedLifetime(cursor) {
            guard try cursor.next() != nil else { return nil }
            var reader = RowReader(at: statement, table: table, key: key)
            return try read(&reader)
        }
    }
}
