import GRDB
public import Planning

/// Which part of the history is asked for; what is nil or empty does not matter.
public struct HistoryFilter: Hashable, Sendable {
    /// How a request ended, or that it has not.
    public enum Ending: Hashable, Sendable {
        case ended(Verdict)
        /// In flight, or cut off by a stop.
        case unanswered
    }

    public var number: PhoneNumber?
    /// From this instant on: when a request was sent, or an event happened.
    public var since: Instant?
    /// Before this instant.
    public var until: Instant?
    /// Only requests that ended so.
    public var endings: Set<Ending> = []
    /// Only events of these kinds.
    public var kinds: Set<EventKind> = []

    public init(number: PhoneNumber? = nil, since: Instant? = nil, until: Instant? = nil) {
        self.number = number
        self.since = since
        self.until = until
    }

    /// A condition on `changes`, and what its question marks stand for.
    var changes: (sql: String, arguments: StatementArguments) {
        var (conditions, arguments) = common(time: "sent_at")
        let verdicts: [Verdict] = endings.compactMap { ending in
            guard case .ended(let verdict) = ending else { return nil }
            return verdict
        }
        if !endings.isEmpty {
            let open = endings.contains(.unanswered) ? " OR outcome IS NULL" : ""
            conditions.append("(outcome IN (\(Self.marks(verdicts.count)))\(open))")
            arguments += StatementArguments(verdicts.map(\.rawValue).sorted())
            // As the index of them says it: it leads to the few among millions.
            if open.isEmpty, !verdicts.contains(.accepted) { conditions.append("outcome <> 'accepted'") }
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    /// A condition on `events`, and what its question marks stand for.
    var events: (sql: String, arguments: StatementArguments) {
        var (conditions, arguments) = common(time: "at")
        if !kinds.isEmpty {
            conditions.append("kind IN (\(Self.marks(kinds.count)))")
            arguments += StatementArguments(kinds.map(\.rawValue).sorted())
        }
        return (conditions.joined(separator: " AND "), arguments)
    }

    private func common(time: String) -> ([String], StatementArguments) {
        var conditions = ["TRUE"]
        var arguments = StatementArguments()
        for (condition, value) in [
            ("number = ?", number?.description), ("\(time) >= ?", since?.description),
            ("\(time) < ?", until?.description),
        ] {
            guard let value else { continue }
            conditions.append(condition)
            arguments += [value]
        }
        return (conditions, arguments)
    }

    private static func marks(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }
}
