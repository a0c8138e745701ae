import ArgumentParser
import Daemon
import Files
import Foundation
import Planning
import Storage

/// `twostepd audit`.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Verify, export and prune the history of requests and events.",
        subcommands: [Verify.self, Export.self, Prune.self, Compact.self]
    )

    /// `twostepd audit verify`.
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check whether any row of the history was edited, removed, moved or added. Exit 1 if so.",
            discussion: """
                Every row is chained to the one before, under a key that the sealing key opens: an event when it is \
                written, a request when it ends. Open requests are counted. The chain alone cannot \
                show that its newest rows were cut off: keep the head that this command prints in another place, and \
                pass it with --anchor later. The head of the last start is kept in the fence file, and is compared as \
                well.

                Examples:
                  twostepd audit verify
                  twostepd audit verify --anchor 1042:5d0c…
                """
        )

        @OptionGroup var config: ConfigOptions
        @OptionGroup var output: FormatOptions
        @Option(name: .long, help: "A head printed earlier, SEQUENCE:MAC, which the history must still contain.")
        var anchor: String?

        func run() throws {
            let settings = try config.settings()
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            guard fleet.location.hasStore else { throw StorageError.noStore(path: fleet.location.database) }
            let report = try fleet.openWithKey().verifyAudit(anchor: anchor, location: fleet.location)
            switch output.format {
            case .json: try JSONOutput.print(AuditDocument(report))
            case .text: printText(report)
            }
            guard let first = report.first else { return }
            throw CommandFailure.failed(
                "the history is not as it was written: \(report.problems.counted("problem")), the first: "
                    + first.sentence)
        }

        private func printText(_ report: AuditReport) {
            let state = report.first == nil ? "intact" : "NOT INTACT"
            Console.print("history: \(state), \(report.links.counted("link"))")
            Console.print("head: \(report.head)")
            if report.openRequests > 0 {
                Console.print("open: \(report.openRequests.counted("request")), chained when they end")
            }
            if let before = report.prunedBefore { Console.print("pruned before: \(before)") }
        }
    }

    /// `twostepd audit export`.
    struct Export: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract:
                "Write the history before a date as JSON lines: all that `audit prune` would remove, and its chain.",
            discussion: """
                Examples:
                  twostepd audit export --before 2026-01-01 --output 2025.jsonl
                  twostepd audit export --before 2027-01-01 | grep pin_revealed
                """
        )

        @OptionGroup var config: ConfigOptions
        @Option(name: .long, help: "Export what is older than this instant, such as 2026-01-01T00:00:00Z.")
        var before: String
        @Option(name: .long, help: "The file to create, readable by its owner only (default: standard output).")
        var output: String?

        func run() throws {
            let date = try TimeBound.read(before, option: "--before", now: SystemClock().now())
            let settings = try config.settings()
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            let reader = try fleet.existing()
            let sink = try ExportSink(path: output)
            do {
                try reader.exportAudit(before: date) { record in
                    try sink.write(try AuditLine(record).line())
                }
            } catch {
                sink.abandon()
                throw sink.failure ?? error
            }
            let count = try sink.finish()
            Console.note("\(count.counted("line")), before \(date)\(output.map { ", in \($0)" } ?? "")")
        }
    }

    /// `twostepd audit prune`.
    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune",
            abstract: "Remove the history before a date, while the daemon is stopped; the chain stays verifiable.",
            discussion: """
                Export it first. The last 24 hours are never removed. Nothing is removed while a request before the \
                date has no answer, or while the history is not intact.

                Example:
                  twostepd audit export --before 2026-01-01 --output 2025.jsonl
                  twostepd audit prune --before 2026-01-01
                """
        )

        @OptionGroup var config: ConfigOptions
        @Option(name: .long, help: "Remove what is older than this instant, such as 2026-01-01T00:00:00Z.")
        var before: String

        func run() throws {
            let date = try TimeBound.read(before, option: "--before", now: SystemClock().now())
            let settings = try config.settings()
            let pruning = try HistoryMaintenance.prune(
                before: date, settings: settings, environment: config.environment,
                actor: UserName.current(environment: config.environment), now: SystemClock().now())
            Console.print("\(pruning.changes.counted("request")) and \(pruning.events.counted("event")) were removed")
        }
    }
}

extension AuditCommand {
    /// `twostepd audit compact`.
    struct Compact: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "compact",
            abstract: "Return the space of pruned history to the file system, while the daemon is stopped.",
            discussion: """
                The daemon does this by itself, gradually, in a store that this version created. A store that an \
                earlier version created needs this command once. While it runs, it needs as much additional space as \
                the store takes afterwards.

                Example:
                  systemctl stop twostepd
                  twostepd audit compact
                  systemctl start twostepd
                """
        )

        @OptionGroup var config: ConfigOptions

        func run() throws {
            let settings = try config.settings()
            let (before, after) = try HistoryMaintenance.compact(
                settings: settings, environment: config.environment, now: SystemClock().now())
            Console.print("the store takes \(after.text), and took \(before.text) before")
        }
    }
}

extension StoreSize {
    /// The size as text: `3.2 MiB`.
    fileprivate var text: String { "\(bytes >> 20).\((bytes >> 10) % 1024 * 10 / 1024) MiB" }
}

/// `audit verify` as JSON.
struct AuditDocument: Encodable {
    struct Finding: Encodable {
        let problem: String
        let table: String
        let id: Int64
        let at: Nullable<String>
    }

    let version = 1
    let intact: Bool
    let links: Int
    /// The count of links of rows from before the chain. No store that this program opens has any; the key stays
    /// because keys are only added.
    let adopted = 0
    let head: String
    /// The count of requests without an answer, which are chained when they end.
    let open: Int
    let prunedBefore: Nullable<String>
    let problems: Int
    let first: Nullable<Finding>

    private enum CodingKeys: String, CodingKey {
        case version, intact, links, adopted, head, open, prunedBefore, problems, first
    }

    init(_ report: AuditReport) {
        intact = report.first == nil
        links = report.links
        head = report.head
        open = report.openRequests
        prunedBefore = Nullable(report.prunedBefore?.description)
        problems = report.problems
        first = Nullable(
            report.first.map {
                Finding(
                    problem: $0.problem.rawValue, table: $0.table, id: $0.id, at: Nullable($0.at?.description))
            })
    }
}

/// One line of `audit export`.
struct AuditLine: Encodable {
    private let record: AuditRecord

    init(_ record: AuditRecord) { self.record = record }

    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Key.self)
        try line.encode(1, forKey: Key("version"))
        try line.encode(record.sequence, forKey: Key("sequence"))
        try line.encode(record.entry, forKey: Key("entry"))
        try line.encode(record.mac, forKey: Key("mac"))
        try line.encode(record.table, forKey: Key("table"))
        guard let columns = record.columns else { return try line.encodeNil(forKey: Key("row")) }
        var row = line.nestedContainer(keyedBy: Key.self, forKey: Key("row"))
        for (name, value) in columns {
            switch value {
            case .null: try row.encodeNil(forKey: Key(name))
            case .integer(let integer): try row.encode(integer, forKey: Key(name))
            case .text(let text): try row.encode(text, forKey: Key(name))
            }
        }
    }

    func line() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
}

/// The target of an export: standard output, or a new file for its owner alone, which appears when it is complete.
final class ExportSink {
    private let draft: AtomicFile?
    private var count = 0
    /// The reason why a line could not be written.
    private(set) var failure: FileError?

    init(path: String?) throws(FileError) {
        guard let path else {
            draft = nil
            return
        }
        draft = try AtomicFile(of: path, WritePolicy(existing: .stays))
    }

    func write(_ line: String) throws(FileError) {
        let bytes = Array(line.utf8)
        do throws(FileError) {
            if let draft { try draft.write(bytes) } else { try OpenFile.standardOutput.write(bytes) }
        } catch {
            failure = error
            throw error
        }
        count += 1
    }

    /// Makes the file durable under its name. Returns the count of its lines.
    func finish() throws(FileError) -> Int {
        try draft?.finish()
        return count
    }

    /// Removes an incomplete file.
    func abandon() { draft?.discard() }
}
