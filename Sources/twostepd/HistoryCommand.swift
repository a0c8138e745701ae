import ArgumentParser
import ConfigFile
import Daemon
import Dispatch
import Foundation
import Planning
import Storage

/// `twostepd history`.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the requests that were sent, oldest first; or the events of the audit trail.",
        discussion: """
            --since and --until take an instant such as 2026-11-01T00:00:00Z, a date in UTC, or an age such as 7d or \
            12h.

            Examples:
              twostepd history
              twostepd history support-us --limit 10
              twostepd history --since 7d --outcome refused
              twostepd history --events --since 7d --kind pin_revealed
              twostepd history --follow
              twostepd history --format csv --since 2026-11-01 --until 2026-12-01 > november.csv
            """
    )

    @OptionGroup var config: ConfigOptions
    @Option(name: .long, help: "text for people, json for scripts, csv for spreadsheets.")
    var format = HistoryFormat.text
    @Argument(help: "One number (E.164) or label (default: all numbers).", completion: NumberCompletion.kind)
    var number: String?
    @Option(name: .long, help: "At most this many, the newest (1 to 1000000).")
    var limit: Int?
    @Option(name: .long, help: "From this instant on.")
    var since: String?
    @Option(name: .long, help: "Before this instant.")
    var until: String?
    @Option(
        name: .long, help: "Only requests with this outcome, or unanswered for those without one; may be repeated.")
    var outcome: [OutcomeChoice] = []
    @Flag(help: "Show events instead: what operators and the daemon did besides sending requests.")
    var events = false
    @Option(name: .long, help: "With --events: only these kinds; may be repeated.")
    var kind: [EventKind] = []
    @Flag(help: "Keep running, and show each further request as it ends, until Ctrl-C.")
    var follow = false
    @Flag(help: "Show ages instead of dates and times.")
    var relative = false

    func validate() throws {
        if let limit, !(1...1_000_000).contains(limit) { throw ValidationError("--limit must be 1 to 1000000") }
        if events, !outcome.isEmpty { throw ValidationError("--outcome cannot be combined with --events") }
        if !events, !kind.isEmpty { throw ValidationError("--kind selects events: add --events") }
        if follow, events || format == .json || until != nil {
            throw ValidationError("--follow shows requests as text or csv, without --events and --until")
        }
        if follow, relative { throw ValidationError("--follow cannot be combined with --relative") }
    }

    func run() async throws {
        let settings = try config.settings()
        let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
        let reader = try fleet.existing()
        var filter = HistoryFilter(number: try fleet.resolve(number, reader))
        filter.since = try since.map { try TimeBound.read($0, option: "--since", now: fleet.now) }
        filter.until = try until.map { try TimeBound.read($0, option: "--until", now: fleet.now) }
        filter.outcomes = Set(outcome.map(\.match))
        filter.kinds = Set(kind)
        let view = HistoryView(
            format: format, filter: filter, time: RelativeTime(now: fleet.now, isAbsolute: !relative), isStream: follow,
            // People get the newest rows, a screenful or so; scripts, and people who name a span, get all of them.
            limit: limit ?? (format == .text && filter.since == nil ? 200 : 1_000_000))
        if events { return try view.printEvents(reader) }
        guard follow else { return try view.printChanges(reader) }
        try await view.follow(reader)
    }
}

/// The output formats of `history`.
enum HistoryFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    case csv
}

/// The result of a request, as the command line names it.
enum OutcomeChoice: String, ExpressibleByArgument, CaseIterable {
    case accepted
    case refused
    case noEffect = "no_effect"
    case inDoubt = "in_doubt"
    case unanswered

    var match: HistoryFilter.OutcomeMatch {
        switch self {
        case .accepted: .ended(.accepted)
        case .refused: .ended(.refused)
        case .noEffect: .ended(.noEffect)
        case .inDoubt: .ended(.inDoubt)
        case .unanswered: .unanswered
        }
    }
}

/// Writes the requested part of the history.
struct HistoryView {
    let format: HistoryFormat
    let filter: HistoryFilter
    let time: RelativeTime
    let isStream: Bool
    /// The limit of rows, of which the newest are shown.
    let limit: Int

    private var width: Int { Console.tableWidth }

    func printChanges(_ reader: StoreReader) throws {
        let first = try reader.changeID(beforeNewest: limit, matching: filter)
        let all = try rows(after: first, CSV.changeHeader, CSV.line, id: \.id) {
            try reader.changes(matching: filter, after: $0, limit: StoreReader.pageLimit)
        }
        switch format {
        case .csv: break
        case .json: try JSONOutput.print(HistoryDocument(all))
        case .text:
            let text = HistoryText(time: time, isStream: isStream)
            text.lines(all, width: width, colours: Console.colours(1)).forEach { Console.print($0) }
        }
        reportLimit(first)
    }

    func printEvents(_ reader: StoreReader) throws {
        let first = try reader.eventID(beforeNewest: limit, matching: filter)
        let all = try rows(after: first, CSV.eventHeader, CSV.line, id: \.id) {
            try reader.events(matching: filter, after: $0, limit: StoreReader.pageLimit)
        }
        switch format {
        case .csv: break
        case .json: try JSONOutput.print(EventsDocument(all))
        case .text: EventText(time: time).lines(all, width: width).forEach { Console.print($0) }
        }
        reportLimit(first)
    }

    /// Returns all rows after `first`, page by page. As CSV each page is printed, and none is kept.
    private func rows<Row>(
        after first: Int64, _ header: String, _ line: (Row) -> String, id: (Row) -> Int64,
        _ page: (Int64) throws -> [Row]
    ) throws -> [Row] {
        var (after, all): (Int64, [Row]) = (first, [])
        if format == .csv { Console.print(header, terminator: "") }
        while case let rows = try page(after), let last = rows.last {
            after = id(last)
            if format == .csv { rows.forEach { Console.print(line($0), terminator: "") } } else { all += rows }
        }
        return all
    }

    /// Prints the existing requests, and then each request when it ends, until Ctrl-C.
    func follow(_ reader: StoreReader) async throws {
        var cursor = try reader.historyCursor()
        try printChanges(reader)
        let ticker = Ticker(every: .milliseconds(500))
        for await _ in ticker.ticks {
            while case let ended = try reader.endedChanges(since: &cursor, matching: filter), !ended.isEmpty {
                print(ended)
            }
        }
    }

    /// Prints lines below earlier ones.
    private func print(_ changes: [ChangeEntry]) {
        if format == .csv { return changes.forEach { Console.print(CSV.line($0), terminator: "") } }
        let text = HistoryText(time: time, isStream: true)
        for line in text.lines(changes, width: width, colours: Console.colours(1), header: false) {
            Console.print(line)
        }
    }

    /// - Parameter first: the id before the first row that was shown.
    private func reportLimit(_ first: Int64) {
        guard first > 0 else { return }
        Console.note("only the newest \(limit) are shown: see --limit and --since")
    }
}

/// Comma-separated values by RFC 4180: lines end with CR LF, absent values are empty.
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
