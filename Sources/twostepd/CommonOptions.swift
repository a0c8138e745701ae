import ArgumentParser
import ConfigFile
import Daemon
import Foundation

/// Where the settings are.
struct ConfigOptions: ParsableArguments {
    @Option(
        name: .long, help: "The settings file (default: $TWOSTEPD_CONFIG, else /etc/twostepd/twostepd.yaml).",
        completion: .file(extensions: ["yaml"]))
    var config: String?

    static let defaultPath = "/etc/twostepd/twostepd.yaml"

    var environment: [String: String] { ProcessSecrets.environment }

    /// The path that applies.
    var path: String { config ?? environment["TWOSTEPD_CONFIG"] ?? Self.defaultPath }

    /// The settings, or the reason that they cannot be used, with every problem on standard error.
    func settings() throws -> Settings {
        let reading = SettingsReader.read(path: path)
        Diagnostics.note(reading.problems)
        guard let settings = reading.value else {
            throw Failure.configuration("the settings in \(path) are not valid: nothing was done")
        }
        return settings
    }
}

/// The secrets, for commands.
enum SecretsOption {
    /// Where secrets are found; problems of the file itself are shown.
    static func read(_ settings: Settings, _ environment: [String: String]) throws -> SecretSources {
        let reading = SecretSources.read(settings: settings, environment: environment)
        Diagnostics.note(reading.problems)
        guard let sources = reading.value else {
            throw Failure.configuration("the secrets in \(settings.secrets) cannot be used")
        }
        return sources
    }
}

/// How output is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

struct FormatOptions: ParsableArguments {
    @Option(name: .long, help: "text for people, json for scripts.")
    var format: OutputFormat = .text
}

/// Problems of files, as a compiler shows them.
enum Diagnostics {
    static func note(_ problems: [ConfigProblem]) {
        let color = Console.colours(2)
        for problem in problems { Console.note(problem.rendered(color: color)) }
    }
}
