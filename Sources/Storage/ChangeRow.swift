import GRDB
import Planning

/// Reads rows of `changes`.
enum ChangeRow {
    static let columns = """
        id, number, action, reason, generation, sent_at, answered_at, outcome_reason, http_status, api_status, \
        message, retry_after
        """

    /// Returns the requests without an answer, oldest first.
    static func unanswered(_ db: Database) throws -> [ChangeEntry] { try fetch(db, unansweredQuery, []) }

    static let unansweredQuery =
        "SELECT \(columns) FROM changes INDEXED BY changes_unanswered WHERE answered_at IS NULL ORDER BY id"

    static func fetch(_ db: Database, _ sql: String, _ arguments: StatementArguments) throws -> [ChangeEntry] {
        try db.rows(of: "changes", sql, arguments) { try entry(&$0) }
    }

    static func entry(_ reader: inout RowReader) throws(StorageError) -> ChangeEntry {
        let id = reader.identifier()
        reader.identify(as: "\(id)")
        let number = try reader.value("number") { PhoneNumber($0) }
        let action = try reader.value("action") { VendorAction(rawValue: $0) }
        let reason = try reader.value("reason") { DecisionReason(rawValue: $0) }
        let generation = reader.optionalInteger()
        let sentAt = try reader.instant("sent_at")
        let answeredAt = try reader.optionalInstant("answered_at")
        let outcomeReason = try reader.optional("outcome_reason") { OutcomeReason(rawValue: $0) }
        let (httpStatus, apiStatus) = (reader.optionalInteger(), reader.optionalInteger())
        let message = reader.optionalText()
        let retryAfter = try reader.optional("retry_after") { Duration(periodText: $0) }
        return ChangeEntry(
            id: id, number: number, action: action, reason: reason, generation: generation, sentAt: sentAt,
            answeredAt: answeredAt,
            outcome: outcomeReason.map {
                Outcome($0, httpStatus: httpStatus, apiStatus: apiStatus, message: message, retryAfter: retryAfter)
            }
        )
    }
}
