import Foundation
import GRDB
import Planning

/// Reads the columns of one row in order, and names the column that holds what this program never writes.
///
/// STRICT tables guarantee the storage class, so only the content is checked here.
struct RowReader {
    private let row: Row
    private let table: String
    private var key: String
    private var index = 0

    init(_ row: Row, table: String, key: String = "") {
        self.row = row
        self.table = table
        self.key = key
    }

    /// Names the row for errors.
    mutating func identify(as key: String) { self.key = key }

    func failure(_ column: String) -> StorageError {
        .unreadableRow(table: table, key: key, column: column)
    }

    mutating func text() -> String {
        defer { index += 1 }
        return row[index]
    }

    mutating func optionalText() -> String? {
        defer { index += 1 }
        return row[index]
    }

    mutating func integer() -> Int {
        defer { index += 1 }
        return row[index]
    }

    mutating func optionalInteger() -> Int? {
        defer { index += 1 }
        return row[index]
    }

    mutating func identifier() -> Int64 {
        defer { index += 1 }
        return row[index]
    }

    mutating func flag() -> Bool { integer() != 0 }

    /// Passes over a column that is not needed.
    mutating func skip() { index += 1 }

    mutating func bytes() -> [UInt8] {
        defer { index += 1 }
        let data: Data = row[index]
        return Array(data)
    }

    mutating func number(_ column: String = "number") throws(StorageError) -> PhoneNumber {
        let text = text()
        identify(as: text)
        guard let number = PhoneNumber(text) else { throw failure(column) }
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
        try value(column) { Instant($0) }
    }

    mutating func optionalInstant(_ column: String) throws(StorageError) -> Instant? {
        try optional(column) { Instant($0) }
    }

    /// A period such as `90d`; nil for `never`.
    mutating func period(_ column: String) throws(StorageError) -> Duration? {
        let text = text()
        guard text != "never" else { return nil }
        guard let period = Duration(periodText: text) else { throw failure(column) }
        return period
    }
}
