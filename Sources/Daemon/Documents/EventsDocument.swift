import Planning
public import Storage

/// `history --events`: what operators and the daemon did besides sending requests, newest last.
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
