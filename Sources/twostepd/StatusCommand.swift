import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of every number, exposed and failing ones first.",
        discussion: """
            With one number or label it shows all that is known about that number: belief, PIN generations and dates, \
            the last requests and events, and what comes next. Patterns such as '+39*' or 'support-*' select several.

            Examples:
              twostepd status
              twostepd status support-us
              twostepd status --condition exposed --condition held
              twostepd status --label 'support-*' --watch
              twostepd status --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Argument(
        help: "Numbers (E.164), labels, or patterns of either (default: all numbers).",
        completion: NumberCompletion.kind)
    var numbers: [String] = []
    @Option(name: .long, help: "Only numbers in this condition; may be repeated.")
    var condition: [NumberCondition] = []
    @Option(name: .long, help: "Only numbers whose label matches this pattern.")
    var label: String?
    @Flag(help: "Show dates and times instead of ages.")
    var absolute = false
    @Flag(help: "Refresh every two seconds, in place, until Ctrl-C.")
    var watch = false

    private var selection: NumberSelection {
        NumberSelection(names: numbers, conditions: Set(condition), label: label)
    }

    func run() async throws {
        let settings = try config.settings()
        guard watch else {
            let report = await report(settings)
            guard output.format == .text else { return try report.printJSON() }
            return Console.print(
                lines: try report.lines(width: Console.tableWidth, colours: Console.colours(1)))
        }
        guard output.format == .text, Console.isTerminal(1) else {
            throw CommandFailure.usage("--watch needs a terminal and text; for scripts: --format json")
        }
        try await Screen.keep(everySeconds: 2) {
            try await report(settings).lines(width: Console.width(1), colours: Console.colours(1))
        }
    }

    /// Returns the present status. The daemon is asked each time: its store may have been moved away in the meantime.
    private func report(_ settings: Settings) async -> StatusReport {
        let astray = await DaemonView.astray(settings)
        let troubles = await DaemonView.serverTroubles(settings)
        let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
        return StatusReport(
            fleet: fleet, selection: selection, isAbsolute: absolute, astray: astray, troubles: troubles)
    }
}
