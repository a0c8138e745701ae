import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd plan`.
struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what would be sent now, and what falls due when. Sends and changes nothing.",
        discussion: """
            Examples:
              twostepd plan
              twostepd plan --desired-state new.yaml --detailed-exitcode
              twostepd plan --format json | jq '.now[].number'
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Option(
        name: .customLong("desired-state"),
        help: "Plan with this desired-state file instead of the one that the settings name.")
    var desiredState: String?
    @Flag(name: .customLong("detailed-exitcode"), help: "Exit 2 when something would be sent now.")
    var detailedExitCode = false

    func run() throws {
        let settings = try usedSettings()
        let path = desiredState ?? settings.desiredState
        let fleet = FleetReader(
            settings: settings, environment: config.environment, now: SystemClock().now())
        let store = BackgroundWork { try StoreComparison.Store(fleet) }
        let secrets = try SecretsOption.read(settings, config.environment, mayBeForbidden: true)
        if secrets.isForbidden {
            Console.note(
                "the secrets in \(secrets.filePath) cannot be read by this user: names and new values of tokens are not checked; "
                    + "run as root to check them")
        }
        // With the mark of each token, as the daemon reads it.
        let marker = TokenMarker(at: fleet.location)
        let reading = DesiredStateReader.read(
            path: path, secrets: secrets, references: .warnIfNoSource,
            mark: marker.map { marker in { marker.mark(of: $0) } })
        Diagnostics.print(reading.problems)
        guard let desired = reading.value else {
            let revision = (try? store.result().reader?.desiredStateStatus().revision) ?? nil
            throw CommandFailure.configuration("\(path) is not valid; \(StateInForce.stays(revision))")
        }
        let comparison = try StoreComparison(of: desired, store: store.result(), fleet: fleet, secrets: secrets)
        let time = RelativeTime(now: fleet.now)
        let rows = try comparison.survey { PlanRow($0, time: time) }
        let document = PlanDocument(rows.lazy.map(\.share), refused: comparison.held?.description)
        if !fleet.location.hasStore { Console.warning(fleet.location.absence) }
        switch output.format {
        case .json: try JSONOutput.print(document)
        case .text:
            let awaited = rows.reduce(into: AwaitedGuards()) { $0.add($1.reason, account: $1.account) }
            GuardText(guards: comparison.guards, awaited: awaited, now: fleet.now).lines
                .forEach { Console.print($0) }
            if desiredState != nil { Console.print("Against the store: \(comparison.difference).\n") }
            PlanText(
                rows: rows, document: document, now: fleet.now,
                width: Console.tableWidth
            ).lines.forEach { Console.print($0) }
            if let held = comparison.held {
                Console.print(
                    "\nHELD: this file is not put into force: \(held).\n"
                        + "To accept it anyway: twostepd accept \(desired.sha256.prefix(12))")
            }
        }
        if detailedExitCode, !document.now.isEmpty { throw ExitCode(2) }
    }

    /// Returns the settings; the defaults when a file is planned on a machine without settings, as in a code review.
    private func usedSettings() throws -> Settings {
        guard desiredState != nil, config.config == nil, !FileManager.default.fileExists(atPath: config.path) else {
            return try config.settings()
        }
        Console.note("no settings at \(config.path): planned with the default settings")
        return Settings()
    }
}

/// The part of the plan about one number: a fleet of them is kept until it is printed.
struct PlanRow: Sendable {
    let number: PhoneNumber
    let label: String?
    let reason: DecisionReason
    /// The account that the number's limits belong to; nil when no entry names the number.
    let account: Account?
    let share: PlanDocument.Share
    /// The reason why nothing is sent before another event; nil when nothing holds the number back.
    let heldBack: String?

    init(_ standing: NumberStatus, time: RelativeTime) {
        number = standing.record.number
        label = standing.record.desired?.label
        reason = standing.reason
        account = standing.record.desired.map(Account.init(of:))
        share = PlanDocument.Share(standing)
        switch standing.condition {
        case .paused, .held: heldBack = WhyText(standing: standing, time: time, isWorkedOn: true).explanation
        case .exposed, .backingOff, .uncertain, .pending, .converged, .unmanaged: heldBack = nil
        }
    }
}

/// The plan for people.
struct PlanText {
    let rows: [PlanRow]
    let document: PlanDocument
    let now: Instant
    /// The width of the terminal in columns; 0 for no limit.
    let width: Int

    private var relative: RelativeTime { RelativeTime(now: now) }

    var lines: [String] {
        let labels = labels
        return now(labels) + held + later(labels) + ["", summary]
    }

    /// The labels of the listed numbers, by number.
    private var labels: [PhoneNumber: String] {
        let listed = Set(document.now.map(\.number) + document.later.prefix(Self.maxListed).map(\.number))
        let pairs = rows.lazy.filter { listed.contains($0.number) }.map { ($0.number, $0.label ?? "") }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }

    private func now(_ labels: [PhoneNumber: String]) -> [String] {
        guard !document.now.isEmpty else { return ["Nothing would be sent now."] }
        var table = TextTable(["  NUMBER", "LABEL", "ACTION", "WHY"])
        for item in document.now {
            table.add(["  \(item.number)", labels[item.number] ?? "", Self.action(item), item.sentence])
        }
        return ["Would be sent now, limits permitting:", ""] + table.lines(width: width)
    }

    /// Returns the action, with the one that follows it at once.
    private static func action(_ item: PlanDocument.Now) -> String {
        item.action == .disable && item.isCycle ? "disable then enable" : item.action.rawValue
    }

    /// The numbers for which nothing is sent before another event.
    private var held: [String] {
        let held = rows.filter { $0.heldBack != nil }
        guard !held.isEmpty else { return [] }
        var table = TextTable(["  NUMBER", "LABEL", "WHY"])
        for row in held.prefix(Self.maxListed) {
            table.add(["  \(row.number)", row.label ?? "", row.heldBack ?? ""])
        }
        return ["", "Held back:", ""] + table.lines(width: width) + more(held.count)
    }

    private func later(_ labels: [PhoneNumber: String]) -> [String] {
        guard !document.later.isEmpty else { return [] }
        var table = TextTable(["  NUMBER", "LABEL", "ACTION", "WHEN"])
        for item in document.later.prefix(Self.maxListed) {
            let when = "\(relative.text(item.at)), \(item.at)"
            table.add(["  \(item.number)", labels[item.number] ?? "", item.action.rawValue, when])
        }
        let spans = [("day", 1), ("week", 7), ("90 days", 90)].map { name, days in
            let end = now.advanced(by: .seconds(days * 86_400))
            // They are sorted by time.
            let due = document.later.prefix { $0.at <= end }
            return "  in the next \(name): \(Self.counts(due.lazy.map(\.action.rawValue)))"
        }
        return ["", "Falls due later:", ""] + table.lines(width: width) + more(document.later.count) + [""] + spans
    }

    private var summary: String {
        let counted = Self.counts(document.now.map(Self.action))
        return "Plan: \(counted) now; \(document.later.count) later; \(rows.count.counted("number")) in the file."
    }

    /// Returns counts such as "2 enable, 1 rotate".
    private static func counts(_ actions: some Sequence<String>) -> String {
        var byAction: [String: Int] = [:]
        for action in actions { byAction[action, default: 0] += 1 }
        let counts = byAction.sorted { $0.key < $1.key }
        return counts.isEmpty ? "nothing" : counts.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private func more(_ count: Int) -> [String] {
        count > Self.maxListed ? ["  … and \(count - Self.maxListed) more (see --format json)"] : []
    }

    private static let maxListed = 50
}
