import Daemon
import Planning
import Storage

/// Requests for people.
struct HistoryText {
    let time: RelativeTime
    /// True when all rows are of one number, which is then shown elsewhere.
    var isOneNumber = false
    /// True when further lines follow later, which have to align with these.
    var isStream = false

    func lines(
        _ changes: [ChangeEntry], width: Int, colours: Bool = false, header: Bool = true
    ) -> [String] {
        var columns = [TextTable.Column("SENT", minimum: isStream ? 20 : 0)]
        if !isOneNumber { columns.append(TextTable.Column("NUMBER", minimum: isStream ? 16 : 0)) }
        columns += [
            TextTable.Column("ACTION", minimum: isStream ? 7 : 0), TextTable.Column("PIN", minimum: isStream ? 7 : 0),
            TextTable.Column("WHY", spare: 1, minimum: isStream ? 20 : 0), TextTable.Column("OUTCOME"),
        ]
        if isOneNumber { columns[0] = TextTable.Column("  SENT") }
        var table = TextTable(columns)
        for change in changes {
            let outcome = columns.count - 1
            table.add(
                [(isOneNumber ? "  " : "") + time.text(change.sentAt)]
                    + (isOneNumber ? [] : [change.number.description])
                    + [
                        change.action.rawValue, change.generation.map { "gen \($0)" } ?? "-", change.reason.rawValue,
                        Self.outcome(change),
                    ],
                styles: change.outcome?.verdict == .accepted ? [:] : [outcome: .warning])
        }
        return table.lines(width: width, colours: colours, header: header)
    }

    private static func outcome(_ change: ChangeEntry) -> String {
        guard let outcome = change.outcome else { return "no answer yet, or not before a stop" }
        guard outcome.verdict != .accepted else { return outcome.verdict.rawValue }
        // The action has a column of its own.
        let sentence = outcome.sentence(for: change.action).dropFirst("\(change.action.rawValue): ".count)
        return "\(outcome.verdict.rawValue): \(sentence)"
    }
}

/// Events for people.
struct EventText {
    let time: RelativeTime
    var isOneNumber = false
    var isStream = false

    func lines(_ events: [StoredEvent], width: Int, header: Bool = true) -> [String] {
        var columns = [TextTable.Column(isOneNumber ? "  AT" : "AT", minimum: isStream ? 20 : 0)]
        if !isOneNumber { columns.append(TextTable.Column("NUMBER", minimum: isStream ? 16 : 0)) }
        columns += [
            TextTable.Column("EVENT", minimum: isStream ? 22 : 0),
            TextTable.Column("BY", spare: 1, minimum: isStream ? 16 : 0),
            TextTable.Column("WHAT"),
        ]
        var table = TextTable(columns)
        for event in events {
            let number = isOneNumber ? [] : [event.entry.number?.description ?? "-"]
            table.add(
                [(isOneNumber ? "  " : "") + time.text(event.entry.at)] + number
                    + [event.entry.kind.rawValue, event.entry.actor, event.entry.detail])
        }
        return table.lines(width: width, header: header)
    }
}
