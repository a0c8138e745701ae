import ArgumentParser
import Daemon

/// A command that completes its work when a signal requests a stop, instead of dying of the signal.
protocol WatchesSignals {
    /// True when SIGHUP is a request to the command, and not the end of a terminal, which `nohup` makes it ignore.
    var hasUseForHangup: Bool { get }
}

extension WatchesSignals {
    var hasUseForHangup: Bool { false }
}

/// The command line.
@main
struct Twostepd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "twostepd",
        abstract: "Keeps the two-step verification of WhatsApp Official numbers as a desired-state file says.",
        discussion: """
            The daemon enables, disables, re-applies and rotates PINs through APIs that never say which PIN is set, records \
            every request before it is sent, and always knows which PIN may be live.

            Try it without anything else: twostepd demo

            Exit codes: 0 done, 1 failed, 2 plan --detailed-exitcode found changes, 64 usage, 65 malformed \
            input, 69 no daemon, 78 invalid configuration.
            """,
        version: Version.text,
        subcommands: [
            RunCommand.self, CheckCommand.self, PlanCommand.self, ApplyCommand.self, StatusCommand.self,
            HistoryCommand.self, RotateCommand.self, ReapplyCommand.self, ResetCommand.self, ObserveCommand.self,
            AcceptCommand.self, PauseCommand.self, ResumeCommand.self, ReloadCommand.self, PINCommand.self,
            KeyCommand.self,
            AuditCommand.self, DoctorCommand.self, HooksCommand.self, BackupCommand.self, ClockCommand.self,
            ImportCommand.self, DemoCommand.self, SimulateCommand.self,
        ]
    )

    private static func letSignals(reach command: any ParsableCommand) {
        guard let command = command as? any WatchesSignals else { return BlockedSignals.release() }
        BlockedSignals.keep(evenIgnored: command.hasUseForHangup)
    }

    /// Runs on the main thread, which is the only one until a command runs.
    @MainActor static func main() async {
        BlockedSignals.block()
        ProcessSecrets.protect()
        ProcessMemory.keepLittle()
        do {
            var command = try parseAsRoot()
            try ProcessThreads.check(ProcessThreads.ofCommand)
            letSignals(reach: command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            guard let failure = CommandFailure(error) else { exit(withError: error) }
            Console.error(failure.message)
            exit(withError: ExitCode(failure.code))
        }
    }
}
