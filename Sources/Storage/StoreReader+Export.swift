import GRDB
public import Planning

/// One link of the chain with its row, as `audit export` writes it.
public struct AuditRecord: Sendable {
    /// A column's value.
    public enum Value: Hashable, Sendable {
        case null
        case integer(Int64)
        case text(String)
    }

    public let sequence: Int64
    /// `change` or `event`.
    public let entry: String
    /// 64 hexadecimal digits.
    public let mac: String
    /// `changes` or `events`.
    public let table: String
    /// The columns that the link covers, in order; nil when the row is gone.
    public let columns: [(name: String, value: Value)]?

    init(_ entry: AuditEntry) {
        sequence = entry.sequence
        self.entry = entry.kind.rawValue
        mac = entry.mac.hexadecimal
        table = entry.kind.table
        columns = entry.content.map { zip(entry.kind.names, $0.map { Value($0) }).map { (name: $0, value: $1) } }
    }
}

extension AuditRecord.Value {
    fileprivate init(_ value: DatabaseValue) {
        switch value.storage {
        case .null: self = .null
        case .int64(let integer): self = .integer(integer)
        // Never occurs: the tables are STRICT, and no column of the history is REAL.
        case .double(let double): self = .text("\(double)")
        case .string(let text): self = .text(text)
        case .blob(let bytes): self = .text(String(decoding: bytes, as: UTF8.self))
        }
    }
}

extension StoreReader {
    /// Calls `body` with every link whose row is older than `date`, and with that row, in order. This includes
    /// everything that a pruning before the same date deletes. Needs no key.
    public func exportAudit(
        before date: Instant, _ body: (AuditRecord) throws -> Void
    ) throws(StorageError) {
        try read { db in
            let time = date.description
            let sql = AuditEntry.query(where: "coalesce(e.at, c.answered_at, '') < ?")
            let cursor = try Row.fetchCursor(db, sql: sql, arguments: [time])
            while let row = try cursor.next() { try body(AuditRecord(AuditEntry(row))) }
        }
    }
}
