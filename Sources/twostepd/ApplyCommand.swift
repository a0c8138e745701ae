import ArgumentParser
import ConfigFile
import Daemon
import Dispatch
import Glibc
import Logging
import Planning
import Reconciler
import Storage

/// `twostepd apply`.
struct ApplyCommand: AsyncParsableCommand, WatchesSignals {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Bring every number to its desired state once, then exit: for cron and CI.",
        discussion: """
            It returns when every number is as desired, is uncertain only until an unanswered request can no longer \
            take effect, or was given up: after three failures in a row of its own, or of the probes of an endpoint \
            that is down. When numbers were given up, the exit code is 1 and they are named. It works without a \
            daemon; while one runs, use `twostepd reload`.

            Ctrl-C, SIGTERM and SIGHUP (a lost connection) stop it, once exposed numbers are enabled.

            Examples:
              twostepd apply
              twostepd apply --format json > result.json
              twostepd apply --accept 3f9a2c11d0b4
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Option(
        help: "Accept a desired state that is held: the beginning of its SHA-256."
    )
    var accept: String?

    func run() async throws {
        let settings = try config.settings()
        let secrets = try SecretsOption.read(settings, config.environment)
        let reading = DesiredStateReader.read(
            path: settings.desiredState, secrets: secrets, references: .required)
        Diagnostics.print(reading.problems)
        guard let desired = reading.value else {
            throw CommandFailure.configuration("\(settings.desiredState) is not valid: nothing was sent")
        }
        let isWatched = Console.isTerminal(2) && output.format == .text
        // The bar shows the failures on a terminal; log lines would break it.
        let level: Logger.Level = isWatched ? .critical : max(LogSetup.level(settings), .warning)
        let pass = ApplyPass(
            settings: settings, environment: config.environment, numbers: desired.numbers.map(\.number),
            acceptance: accept.map {
                Acceptance(prefix: $0, actor: UserName.current(environment: config.environment))
            },
            bar: isWatched ? ProgressBar(width: Console.width(2)) : nil,
            logger: LogSetup.logger(
                level: level, format: settings.logFormat, environment: config.environment))
        try report(try await pass.run(), settings: settings)
    }

    private func report(_ result: ApplyPass.Result, settings: Settings) throws {
        let now = SystemClock().now()
        let fleet = FleetReader(settings: settings, environment: config.environment, now: now)
        guard let reader = try fleet.open() else {
            throw CommandFailure.failed("the store disappeared while it was in use")
        }
        let status = StatusReport(fleet: fleet, selection: NumberSelection())
        switch output.format {
        case .json: try status.printJSON()
        case .text:
            let width = Console.tableWidth
            Console.print(lines: try status.lines(width: width, colours: Console.colours(1)))
        }
        guard result.failed.isEmpty, !result.wasInterrupted else {
            let failed = Set(result.failed)
            let reasons = try fleet.survey(reader, guards: try fleet.guards(reader)) { standing in
                failed.contains(standing.record.number)
                    ? (standing.record.number, standing.record.lastError ?? standing.sentence) : nil
            }
            let errors = Dictionary(reasons, uniquingKeysWith: { first, _ in first })
            let lines = result.failed.map { number in
                "  \(number): \(result.because[number] ?? errors[number] ?? "not as desired")"
            }
            let head =
                result.wasInterrupted
                ? "stopped before every number was as desired; run it again to continue"
                : "\(result.failed.count) of \(result.total.counted("number")) could not be brought to their desired state:"
            throw CommandFailure.failed(([head] + lines).joined(separator: "\n"))
        }
    }
}
