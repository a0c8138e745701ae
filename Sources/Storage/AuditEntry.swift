import Foundation
import GRDB

/// One link of the audit chain, with the content that it covers as the row holds it now.
struct AuditEntry {
    enum Kind: String {
        case opened
        case answered
        case event

        /// The table that holds the row.
        var table: String { self == .event ? "events" : "changes" }

        /// Returns the columns that a link of this kind covers, qualified by the row's name in a statement.
        ///
        /// Free text is read as bytes, so that text after a NUL is covered too.
        func columns(of row: String) -> [String] {
            switch self {
            case .opened: ["id", "number", "action", "reason", "generation", "sent_at"].map { "\(row).\($0)" }
            case .answered:
                ["id", "answered_at", "outcome", "outcome_reason", "http_status", "api_status"].map { "\(row).\($0)" }
                    + ["CAST(\(row).message AS BLOB)", "\(row).retry_after"]
            case .event:
                ["id", "at", "kind", "number"].map { "\(row).\($0)" }
                    + ["CAST(\(row).actor AS BLOB)", "CAST(\(row).detail AS BLOB)"]
            }
        }
    }

    let sequence: Int64
    let kind: Kind
    let rowID: Int64
    /// The link's code; nil while it is not chained yet.
    let mac: [UInt8]?
    /// The row's own time; nil when the row is gone.
    let at: String?
    /// The columns that this link covers; nil when the row is gone.
    let content: [DatabaseValue]?
    /// True for a link of a request that has no answer yet.
    let isUnanswered: Bool

    /// Returns the query for the links of a table, such as `audit_chain`, with their rows. `mac` is the table's code
    /// column, or NULL.
    static func query(_ links: String, mac: String = "q.mac", where condition: String = "TRUE") -> String {
        """
        SELECT q.sequence, q.entry, q.row_id, \(mac),
            \((Kind.opened.columns(of: "c") + Kind.answered.columns(of: "c").dropFirst()).joined(separator: ", ")),
            \(Kind.event.columns(of: "e").joined(separator: ", "))
        FROM \(links) AS q
        LEFT JOIN changes AS c ON q.entry <> 'event' AND c.id = q.row_id
        LEFT JOIN events AS e ON q.entry = 'event' AND e.id = q.row_id
        WHERE \(condition) ORDER BY q.sequence
        """
    }

    private static let opening = 4..<10
    private static let answer = 10..<17
    private static let event = 17..<23

    init(_ row: Row) throws(StorageError) {
        sequence = row[0]
        let text: String = row[1]
        guard let kind = Kind(rawValue: text) else {
            throw .unreadableRow(table: "audit_chain", key: "\(sequence)", column: "entry")
        }
        self.kind = kind
        rowID = row[2]
        let data: Data? = row[3]
        mac = data.map { Array($0) }
        let value: (Int) -> DatabaseValue = { row[$0] }
        let (first, columns, time) =
            switch kind {
            case .opened: (4, Array(Self.opening), 9)
            case .answered: (4, [4] + Self.answer, 10)
            case .event: (17, Array(Self.event), 18)
            }
        let isThere = !value(first).isNull
        content = isThere ? columns.map(value) : nil
        at = isThere ? String.fromDatabaseValue(value(time)) : nil
        isUnanswered = kind != .event && isThere && value(Self.answer.lowerBound).isNull
    }

    /// Returns the columns that a link of this kind covers, as the row holds them now; nil when the row is gone.
    static func content(of kind: Kind, _ rowID: Int64, _ db: Database) throws -> [DatabaseValue]? {
        let statement = try db.cachedStatement(
            sql: query("(SELECT 0 AS sequence, ? AS entry, ? AS row_id)", mac: "NULL"))
        return try Row.fetchOne(statement, arguments: [kind.rawValue, rowID]).flatMap { try AuditEntry($0).content }
    }
}
