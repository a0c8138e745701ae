import Foundation
import GRDB

/// One link of the audit chain with the content that it vouches for, read back from the row as it stands.
struct AuditEntry {
    enum Kind: String {
        case opened
        case answered
        case event

        /// Where the row is.
        var table: String { self == .event ? "events" : "changes" }
    }

    let sequence: Int64
    let kind: Kind
    let rowID: Int64
    /// Nil while it is not chained yet.
    let mac: [UInt8]?
    /// When it happened, as the row says; nil when the row is gone.
    let at: String?
    /// The columns that this link covers; nil when the row is gone.
    let content: [DatabaseValue]?
    /// Whether it is of a change that has no answer yet.
    let isUnanswered: Bool

    /// The links of a table of them (`audit_chain`, `temp.unchained`) with their rows. `mac` is its column, or NULL.
    ///
    /// Free text is read as bytes, so that nothing behind a NUL escapes.
    static func query(_ links: String, mac: String = "q.mac", where condition: String = "TRUE") -> String {
        """
        SELECT q.sequence, q.entry, q.row_id, \(mac),
            c.id, c.number, c.action, c.reason, c.generation, c.sent_at,
            c.answered_at, c.outcome, c.outcome_reason, c.http_status, c.api_status, CAST(c.message AS BLOB),
            c.retry_after,
            e.id, e.at, e.kind, e.number, CAST(e.actor AS BLOB), CAST(e.detail AS BLOB)
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

    /// The columns that a link of this kind covers, as the row holds them now; nil when the row is gone.
    static func content(of kind: Kind, _ rowID: Int64, _ db: Database) throws -> [DatabaseValue]? {
        let statement = try db.cachedStatement(
            sql: query("(SELECT 0 AS sequence, ? AS entry, ? AS row_id)", mac: "NULL"))
        return try Row.fetchOne(statement, arguments: [kind.rawValue, rowID]).flatMap { try AuditEntry($0).content }
    }
}
