import Daemon
import Planning
import Storage

/// Comma-separated values by RFC 4180: lines end with CR LF, what is absent is empty.
enum CSV {
    /// One line with its end.
    static func line(_ fields: [String?]) -> String {
        fields.map { escaped($0 ?? "") }.joined(separator: ",") + "\r\n"
    }

    private static func escaped(_ field: String) -> String {
        // By scalar: CR LF is one character.
        guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return field }
        return "\"" + field.replacing("\"", with: "\"\"") + "\""
    }

    static let changeHeader = line([
        "id", "number", "action", "reason", "generation", "sent_at", "answered_at", "outcome", "http_status",
        "api_status", "message",
    ])

    static func line(_ change: ChangeEntry) -> String {
        line([
            "\(change.id)", change.number.description, change.action.rawValue, change.reason.rawValue,
            change.generation.map(String.init), change.sentAt.description, change.answeredAt?.description,
            change.outcome?.verdict.rawValue, change.outcome?.httpStatus.map(String.init),
            change.outcome?.apiStatus.map(String.init), change.outcome?.message,
        ])
    }

    static let eventHeader = line(["id", "at", "kind", "number", "actor", "detail"])

    static func line(_ event: StoredEvent) -> String {
        line([
            "\(event.id)", event.entry.at.description, event.entry.kind.rawValue, event.entry.number?.description,
            event.entry.actor, event.entry.detail,
        ])
    }
}
