import ArgumentParser
import ConfigFile
import Daemon
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
              twostepd plan --format json
              twostepd plan --detailed-exitcode || echo "something would be sent"
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Flag(name: .customLong("detailed-exitcode"), help: "Exit 2 when something would be sent now.")
    var detailedExitCode = false

    func run() throws {
        let settings = try config.settings()
        let secrets = try SecretsOption.read(settings, config.environment)
        let reading = DesiredStateReader.read(
            path: settings.desiredState, secrets: secrets, references: .warnIfNoSource)
        Diagnostics.note(reading.problems)
        guard let desired = reading.value else {
            throw Failure.configuration("\(settings.desiredState) is not valid: the last good state stays in force")
        }
        let fleet = FleetReader(
            settings: settings, environment: config.environment, now: SystemClock().now())
        let comparison = try StoreComparison(of: desired, fleet: fleet, secrets: secrets)
        let standings = try comparison.standings()
        let document = PlanDocument(standings, refused: comparison.held?.description)
        switch output.format {
        case .json: try JSONOutput.print(document)
        case .text:
            GuardText(guards: comparison.guards, standings: standings, now: fleet.now).lines
                .forEach { Console.print($0) }
            PlanText(standings: standings, document: document, now: fleet.now).print()
            if let held = comparison.held {
                Console.print(
                    "\nHELD: this file is not taken into force: \(held).\n"
                        + "To take it all the same: twostepd accept \(desired.sha256.prefix(12))")
            }
        }
        if detailedExitCode, !document.now.isEmpty { throw ExitCode(2) }
    }
}

/// The plan for people.
struct PlanText {
    let standings: [Standing]
    let document: PlanDocument
    let now: Instant

    func print() {
        let relative = RelativeTime(now: now)
        let labels = Dictionary(
            standings.map { ($0.record.number.description, $0.record.desired?.label ?? "") },
            uniquingKeysWith: { first, _ in first })
        let width = Console.width(1)
        if document.now.isEmpty {
            Console.print("Nothing would be sent now.")
        } else {
            Console.print("Would be sent now, limits permitting:\n")
            var table = TextTable(["  NUMBER", "LABEL", "ACTION", "WHY"])
            for item in document.now {
                let reason = DecisionReason(rawValue: item.reason)?.sentence ?? item.reason
                table.add(["  " + item.number, labels[item.number] ?? "", item.action, reason])
            }
            table.lines(width: width).forEach { Console.print($0) }
        }
        printHeld(width: width)
        if !document.later.isEmpty {
            Console.print("\nFalls due later:\n")
            var table = TextTable(["  NUMBER", "LABEL", "ACTION", "WHEN"])
            for item in document.later.prefix(Self.mostListed) {
                let when = Instant(item.at).map { "\(relative.text($0)), \(item.at)" } ?? item.at
                table.add(["  " + item.number, labels[item.number] ?? "", item.action, when])
            }
            table.lines(width: width).forEach { Console.print($0) }
            printMore(document.later.count)
        }
        Console.print(
            "\nPlan: \(document.now.count) now, \(document.later.count) later, \(standings.count) numbers in the file.")
    }

    /// Numbers that are not as desired, and for which nothing is sent before something else happens.
    private func printHeld(width: Int) {
        let held = standings.filter { [.paused, .held].contains($0.condition) }
        guard !held.isEmpty else { return }
        Console.print("\nHeld back:\n")
        var table = TextTable(["  NUMBER", "LABEL", "WHY"])
        for standing in held.prefix(Self.mostListed) {
            let record = standing.record
            table.add(["  " + record.number.description, record.desired?.label ?? "", standing.reason.sentence])
        }
        table.lines(width: width).forEach { Console.print($0) }
        printMore(held.count)
    }

    private func printMore(_ count: Int) {
        if count > Self.mostListed { Console.print("  … and \(count - Self.mostListed) more (see --format json)") }
    }

    private static let mostListed = 50
}
