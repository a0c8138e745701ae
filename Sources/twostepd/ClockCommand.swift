import ArgumentParser
import Daemon
import Planning
import Storage

/// `twostepd clock`.
struct ClockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clock", abstract: "Resolve a disagreement between the clock and the store.",
        subcommands: [Accept.self]
    )

    /// `twostepd clock accept`.
    struct Accept: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "accept",
            abstract: "Accept the clock as right, although the store has recorded later instants.",
            discussion: """
                While the clock is behind what the store has recorded, rotations and adoptions wait. If the record is \
                wrong, because the clock once ran ahead, stop the daemon, run this command, and start the daemon \
                again.

                Example:
                  twostepd clock accept
                """
        )

        @OptionGroup var config: ConfigOptions

        func run() throws {
            let settings = try config.settings()
            let actor = UserName.current(environment: config.environment)
            let corrected = try ClockCorrection.accept(
                settings: settings, environment: config.environment, actor: actor, now: SystemClock().now())
            Console.note(
                "the clock is accepted as right; later instants of \(corrected.counted("number")) "
                    + "count as now; the audit trail records who accepted it")
        }
    }
}
