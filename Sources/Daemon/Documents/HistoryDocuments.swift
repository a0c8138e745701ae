public import Planning
public import Storage

/// `history`: requests, newest last.
public struct HistoryDocument: Encodable, Sendable {
    /// One request; values that are not known yet are null.
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

/// `history --events`: the actions of operators and of the daemon other than requests, newest last.
public struct EventsDocument: Encodable, Sendable {
    /// One row of the audit trail.
    public struct Event: Encodable, Sendable {
        public let id: Int64
        public let at: String
        public let kind: String
        public let number: Nullable<String>
        public let actor: String
        public let detail: String
    }

    public let version = 1
    public let events: [Event]

    private enum CodingKeys: String, CodingKey { case version, events }

    public init(_ stored: [StoredEvent]) {
        events = stored.map { event in
            Event(
                id: event.id, at: event.entry.at.description, kind: event.entry.kind.rawValue,
                number: Nullable(event.entry.number?.description), actor: event.entry.actor, detail: event.entry.detail
            )
        }
    }
}
