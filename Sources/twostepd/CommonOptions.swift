public import ArgumentParser
import ConfigFile
import Daemon
import Foundation
public import Planning

/// The option that names the settings file.
struct ConfigOptions: ParsableArguments {
    @Option(
        name: .long, help: "The settings file (default: $TWOSTEPD_CONFIG, else /etc/twostepd/twostepd.yaml).",
        completion: .file(extensions: ["yaml"]))
    var config: String?

    static let defaultPath = "/etc/twostepd/twostepd.yaml"

    var environment: [String: String] { ProcessSecrets.environment }

    /// The path of the settings file in use.
    var path: String { config ?? environment["TWOSTEPD_CONFIG"] ?? Self.defaultPath }

    /// Returns the settings, or throws when they are invalid, with every problem on standard error.
    func settings() throws -> Settings {
        let reading = SettingsReader.read(path: path)
        Diagnostics.print(reading.problems)
        guard let settings = reading.value else {
            throw CommandFailure.configuration("the settings in \(path) are not valid: nothing was done")
        }
        return settings
    }
}

/// The secrets, for commands.
enum SecretsOption {
    /// Returns the sources of secrets; problems of the file itself are shown.
    ///
    /// - Parameter mayBeForbidden: true when the command works without a file that this user may not read.
    static func read(
        _ settings: Settings, _ environment: [String: String], mayBeForbidden: Bool = false
    ) throws -> SecretSources {
        let reading = SecretSources.read(
            settings: settings, environment: environment, mayBeForbidden: mayBeForbidden)
        Diagnostics.print(reading.problems)
        guard let sources = reading.value else {
            throw CommandFailure.configuration("the secrets in \(settings.secrets) cannot be used")
        }
        return sources
    }
}

/// The output formats of most commands.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

struct FormatOptions: ParsableArguments {
    @Option(name: .long, help: "text for people, json for scripts.")
    var format: OutputFormat = .text
}

/// Problems of files, in the form of a compiler's messages.
enum Diagnostics {
    static func print(_ problems: [ConfigProblem]) {
        let color = Console.colours(2)
        for problem in problems { Console.note(problem.rendered(color: color)) }
    }
}

/// An instant on the command line.
enum TimeBound {
    /// Parses RFC 3339 (`2026-11-01T00:00:00Z`), a date for its first moment in UTC, or a period before `now` such as
    /// `7d`.
    static func read(_ text: String, option: String, now: Instant) throws -> Instant {
        if let instant = Instant(text) ?? Instant(text + "T00:00:00Z") { return instant }
        if let period = Duration(periodText: text) { return now.advanced(by: .zero - period) }
        throw CommandFailure.usage(
            "\(option) must be an instant such as 2026-11-01T00:00:00Z, a date, or an age such as 7d or 12h, "
                + "not \"\(text)\"")
    }
}

// The values of the JSON documents, as arguments.
extension NumberCondition: ExpressibleByArgument {}
extension EventKind: ExpressibleByArgument {}
