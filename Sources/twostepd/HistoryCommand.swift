import ArgumentParser
import ConfigFile
import Daemon
import Planning
import Storage

/// `twostepd history`.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show the requests that were sent, oldest first.",
        discussion: """
            Examples:
              twostepd history
              twostepd history support-us --limit 10
              twostepd history --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Argument(help: "One number (E.164) or label; all numbers when absent.", completion: NumberCompletion.kind)
    var number: String?
    @Option(name: .long, help: "At most this many requests, the newest (1 to 1000000).")
    var limit: Int?

    func run() throws {
        let settings = try config.settings()
        let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
        guard let reader = try fleet.open() else {
            throw Failure.failed("there is no store at \(fleet.location.database) yet: `twostepd run` makes it")
        }
        if let limit, !(1...1_000_000).contains(limit) { throw Failure.usage("--limit is 1 to 1000000") }
        // People get the newest screenful or so, scripts get all.
        let most = limit ?? (output.format == .json ? 1_000_000 : 200)
        let changes: [ChangeEntry]
        do {
            changes = try Self.newest(most, of: try Self.resolve(number, fleet, reader), reader)
        } catch let error as StorageError {
            throw Failure(error)
        }
        switch output.format {
        case .json: try JSONOutput.print(HistoryDocument(changes))
        case .text:
            HistoryText(changes: changes, now: fleet.now).print()
            if changes.count == most { Console.note("only the newest \(most) are shown: see --limit") }
        }
    }

    /// The newest `most` requests, oldest first.
    private static func newest(
        _ most: Int, of number: PhoneNumber?, _ reader: StoreReader
    ) throws(StorageError) -> [ChangeEntry] {
        var changes: [ChangeEntry] = []
        while changes.count < most {
            let limit = min(most - changes.count, StoreReader.pageLimit)
            let page = try reader.history(of: number, limit: limit, before: changes.last?.id)
            changes += page
            if page.count < limit { break }
        }
        return changes.reversed()
    }

    /// The number that a number or label stands for; nil for all.
    static func resolve(_ text: String?, _ fleet: FleetReader, _ reader: StoreReader) throws -> PhoneNumber? {
        guard let text else { return nil }
        if let number = PhoneNumber(text) { return number }
        let records = try fleet.records(reader)
        guard let found = records.first(where: { $0.desired?.label == text }) else {
            throw Failure.failed("\(text) is no number in E.164 form and no label in the store: see `twostepd status`")
        }
        return found.number
    }
}

/// Requests for people.
struct HistoryText {
    let changes: [ChangeEntry]
    let now: Instant

    func print() {
        var table = TextTable(["ID", "SENT", "NUMBER", "ACTION", "PIN", "WHY", "OUTCOME"])
        for change in changes {
            table.add([
                String(change.id), change.sentAt.description, change.number.description, change.action.rawValue,
                change.generation.map { "gen \($0)" } ?? "-", change.reason.rawValue, Self.outcome(change),
            ])
        }
        table.lines(width: Console.isTerminal(1) ? Console.width(1) : 0).forEach { Console.print($0) }
    }

    private static func outcome(_ change: ChangeEntry) -> String {
        guard let outcome = change.outcome else { return "in flight, or not answered before a stop" }
        guard outcome.verdict != .accepted else { return outcome.verdict.rawValue }
        return "\(outcome.verdict.rawValue): \(outcome.sentence(for: change.action))"
    }
}
