import ArgumentParser
import Daemon
import Foundation

/// `twostepd doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that the daemon depends on. Changes nothing.",
        discussion: """
            Settings and desired state, secrets for every number, permissions, the sealing key, the store and its \
            history, clock, disk, name and certificate of each endpoint, service manager and limits. The observers are \
            asked about up to 20 numbers: whether their tokens work, and whether each phone_number_id belongs to its \
            number. No other request is sent. Exit 1 when a check fails; warnings alone do not change the exit code.

            As root it can read the credentials that the service manager passes to the daemon; as the daemon's own \
            user (sudo -u twostepd twostepd doctor) it sees what that user can access.

            Examples:
              twostepd doctor
              twostepd doctor --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions

    func run() async throws {
        let settings = try config.settings()
        let diagnosis = await Doctor(
            settings: settings, settingsPath: config.path, environment: config.environment, now: SystemClock().now()
        ).examine()
        switch output.format {
        case .json: try JSONOutput.print(diagnosis)
        case .text: for check in diagnosis.checks { Self.print(check, depth: 0) }
        }
        guard diagnosis.level == .failure else { return }
        throw CommandFailure.failed("a check failed: see above")
    }

    private static func print(_ finding: Finding, depth: Int) {
        let indentation = String(repeating: "  ", count: depth)
        let detail = finding.detail.value.map { ": \($0)" } ?? ""
        Console.print("\(indentation)\(mark(finding.level)) \(finding.name)\(detail)")
        if let advice = finding.advice.value { Console.print("\(indentation)          -> \(advice)") }
        for part in finding.parts { print(part, depth: depth + 1) }
    }

    private static func mark(_ level: Finding.Level) -> String {
        let (text, color) =
            switch level {
            case .ok: ("[ok]     ", "32")
            case .warning: ("[WARNING]", "1;33")
            case .failure: ("[FAILURE]", "1;31")
            }
        return Console.colours(1) ? "\u{1B}[\(color)m\(text)\u{1B}[0m" : text
    }
}
