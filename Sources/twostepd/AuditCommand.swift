import ArgumentParser
import Daemon
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
            abstract: "Find out whether any row of the history was edited, removed, moved or added. Exit 1 when so.",
            discussion: """
                Every row is chained to the one before under a key that the sealing key opens. A chain cannot tell by \
                itself that its newest rows were cut off: keep the head that this prints somewhere else, and give it \
                back later with --anchor. The head of the last start is kept in the fence file and compared as well.

                Examples:
                  twostepd audit verify
                  twostepd audit verify --anchor 1042:5d0c…
                """
        )

        @OptionGroup var config: ConfigOptions
        @OptionGroup var output: FormatOptions
        @Option(name: .long, help: "A head that was printed earlier, SEQUENCE:MAC; the history must still hold it.")
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
            throw Failure.failed(
                "the history is not as it was written: \(report.problems) "
                    + "problem\(report.problems == 1 ? "" : "s"), the first: \(first.sentence)")
        }

        private func printText(_ report: AuditReport) {
            let state = report.first == nil ? "intact" : "NOT INTACT"
            Console.print("history: \(state), \(report.links) links")
            Console.print("head: \(report.head)")
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
        @Option(name: .long, help: "Only what is older than this instant, such as 2026-01-01T00:00:00Z.")
        var before: String
        @Option(name: .long, help: "A new file to write to, readable by its owner only; standard output when absent.")
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
            Console.note("\(count) lines, before \(date)\(output.map { ", in \($0)" } ?? "")")
        }
    }

    /// `twostepd audit prune`.
    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune",
            abstract: "Remove the history before a date, while the daemon is stopped; the chain stays verifiable.",
            discussion: """
                Export it first. The last 24 hours are never removed, nor is anything while a request before the date \
                has no answer or the history is not intact.

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
            let pruning = try HistoryKeeper.prune(
                before: date, settings: settings, environment: config.environment,
                actor: UserName.current(environment: config.environment), now: SystemClock().now())
            Console.print("\(pruning.changes) requests and \(pruning.events) events were removed")
        }
    }
}
