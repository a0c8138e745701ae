import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Logging
import Planning

/// `twostepd run`.
struct RunCommand: ParsableCommand, WatchesSignals {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the daemon in the foreground.",
        discussion: """
            SIGHUP reads the desired state and the secrets again; SIGTERM and SIGINT stop the daemon cleanly, and a \
            second one stops it at once. The log goes to standard error. As a service: systemctl enable --now twostepd

            Example:
              twostepd run --config ./twostepd.yaml
            """
    )

    @OptionGroup var config: ConfigOptions

    var hasUseForHangup: Bool { true }

    func run() throws {
        let settings = try config.settings()
        let logger = LogSetup.logger(
            level: LogSetup.level(settings), format: settings.logFormat, environment: config.environment)
        let code = try DaemonProcess(
            settings: settings, settingsPath: config.path, environment: config.environment, logger: logger
        ).run()
        if code != 0 { throw ExitCode(code) }
    }
}

/// The level and the target of log lines.
enum LogSetup {
    static func level(_ settings: Settings) -> Logger.Level {
        guard let level = Logger.Level(rawValue: settings.logLevel.rawValue) else {
            preconditionFailure("the settings' levels are those of the log")
        }
        return level
    }

    static func logger(
        level: Logger.Level, format: Settings.LogFormat, environment: [String: String]
    ) -> Logger {
        let forJournal = environment["JOURNAL_STREAM"] != nil
        let journal = forJournal ? JournalSocket() : nil
        let clock = SystemClock()
        return Logger(label: "twostepd") { _ in
            LogOutput(level: level, format: format, forJournal: forJournal, journal: journal, now: { clock.now() })
        }
    }
}
