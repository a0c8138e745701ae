public import Planning

/// `history`: requests, newest last.
public struct HistoryDocument: Encodable, Sendable {
    /// One request; what is not known yet is null.
    public struct Change: Encodable, Sendable {
        public let id: Int64
        public let number: String
        public let action: String
        public let reason: String
        public let generation: Nullable<Int>
        public let sentAt: String
        public let answeredAt: Nullable<String>
        public let outcome: Nullable<String>
        public let httpStatus: Nullable<Int>
        public let apiStatus: Nullable<Int>
        public let message: Nullable<String>
    }

    public let version = 1
    public let changes: [Change]

    private enum CodingKeys: String, CodingKey { case version, changes }

    public init(_ entries: [ChangeEntry]) {
        changes = entries.map { entry in
            Change(
                id: entry.id, number: entry.number.description, action: entry.action.rawValue,
                reason: entry.reason.rawValue, generation: Nullable(entry.generation),
                sentAt: entry.sentAt.description, answeredAt: Nullable(entry.answeredAt?.description),
                outcome: Nullable(entry.outcome?.verdict.rawValue), httpStatus: Nullable(entry.outcome?.httpStatus),
                apiStatus: Nullable(entry.outcome?.apiStatus), message: Nullable(entry.outcome?.message)
            )
        }
    }
}
