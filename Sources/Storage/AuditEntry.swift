import Foundation
import GRDB

/// One link of the audit chain, with the content that it covers as the row holds it now.
struct AuditEntry {
    enum Kind: String {
        /// A request that has ended. One that is open is chained when it ends.
        case change
        case event

        /// The table that holds the row.
        var table: String { self == .event ? "events" : "changes" }

        /// The names of the columns that a link of this kind covers.
        var names: [String] {
            switch self {
            case .change:
                [
                    "id", "number", "action", "reason", "generation", "sent_at", "answered_at", "outcome",
                    "outcome_reason", "http_status", "api_status", "message", "retry_after",
                ]
            case .event: ["id", "at", "kind", "number", "actor", "detail"]
            }
        }

        /// The column with the time at which the row was complete.
        fileprivate var timeName: String { self == .event ? "at" : "answered_at" }

        /// Returns the columns that a link of this kind covers, qualified by the row's name in a statement.
        ///
        /// Free text is read as bytes, so that text after a NUL is covered too.
        func columns(of row: String) -> [String] {
            names.map { ["message", "actor", "detail"].contains($0) ? "CAST(\(row).\($0) AS BLOB)" : "\(row).\($0)" }
        }
    }

    let sequence: Int64
    let kind: Kind
    let rowID: Int64
    let mac: [UInt8]
    /// The time at which the row was complete: of an event, or of the end of a request; nil when the row is gone.
    let at: String?
    /// The columns that this link covers; nil when the row is gone.
    let content: [DatabaseValue]?

    /// Returns the query for the links of the chain with their rows.
    static func query(where condition: String = "TRUE") -> String {
        """
        SELECT q.sequence, q.entry, q.row_id, q.mac, \(Kind.change.columns(of: "c").joined(separator: ", ")),
            \(Kind.event.columns(of: "e").joined(separator: ", "))
        FROM audit_chain AS q
        LEFT JOIN changes AS c ON q.entry = 'change' AND c.id = q.row_id
        LEFT JOIN events AS e ON q.entry = 'event' AND e.id = q.row_id
        WHERE \(condition) ORDER BY q.sequence
        """
    }

    private static let change = 4..<(4 + Kind.change.names.count)
    private static let event = change.upperBound..<(change.upperBound + Kind.event.names.count)

    init(_ row: Row) throws(StorageError) {
        sequence = row[0]
        let text: String = row[1]
        guard let kind = Kind(rawValue: text) else {
            throw .unreadableRow(table: "audit_chain", key: "\(sequence)", column: "entry")
        }
        self.kind = kind
        rowID = row[2]
        let data: Data = row[3]
        mac = Array(data)
        let values: [DatabaseValue] = (kind == .event ? Self.event : Self.change).map { row[$0] }
        content = values.first.flatMap { $0.isNull ? nil : values }
        at = content.flatMap { zip(kind.names, $0).first { $0.0 == kind.timeName }?.1 }
            .flatMap { String.fromDatabaseValue($0) }
    }
}
