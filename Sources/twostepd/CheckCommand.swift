import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd check`.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the settings and the desired state, and show every problem at once.",
        discussion: """
            Examples:
              twostepd check
              twostepd check desired-state.yaml
              twostepd check --config config/twostepd.yaml --format json
              twostepd check --against-store new-desired-state.yaml
              git show HEAD:desired-state.yaml | twostepd check -
              twostepd check --strict --format github desired-state.yaml
            """
    )

    @OptionGroup var config: ConfigOptions
    @Option(name: .long, help: "text for people, json for scripts, github for annotations in GitHub Actions.")
    var format = CheckFormat.text
    @Flag(help: "Treat warnings as errors.")
    var strict = false
    @Flag(
        name: .customLong("against-store"),
        help: "Also show how it differs from the desired state in force, and whether it would be held.")
    var againstStore = false
    @Argument(
        help: "A desired-state file to check instead of the one that the settings name; - reads standard input.",
        completion: .file(extensions: ["yaml"]))
    var desiredState: String?

    func run() async throws {
        // A desired-state file can be checked on a machine without settings, for instance in a code review.
        let isAlone =
            desiredState != nil && config.config == nil && !FileManager.default.fileExists(atPath: config.path)
        let settingsReading = isAlone ? nil : SettingsReader.read(path: config.path)
        let settings = settingsReading.map(\.value) ?? Settings()
        var problems = settingsReading?.problems ?? []
        var size: String?
        var comparison: (sha256: String, difference: String)?
        if let path = desiredState ?? settings?.desiredState {
            let secrets = settings.map { SecretSources.read(settings: $0, environment: config.environment) }
            let location = settings.map { StoreLocation(directory: $0.stateDirectory) }
            let reading = try Self.read(
                path, secrets: secrets?.value,
                marker: againstStore ? location.flatMap { TokenMarker(at: $0) } : nil)
            problems += (secrets?.problems ?? []) + reading.problems
            size = reading.value.map { $0.numbers.count.counted("number") }
            if !isAlone {
                problems += HookCheck.problems(settings?.hooks ?? [], secrets: secrets?.value, path: config.path)
            }
            if !isAlone, let settings, let sources = secrets?.value,
                let key = GeneratedKey.problem(settings: settings, secrets: sources, environment: config.environment)
            {
                problems.append(key)
            }
            if desiredState == nil, let settings, secrets?.value != nil,
                let stale = await Self.warningOfDaemon(settings, config.environment)
            {
                problems.append(stale)
            }
            if againstStore, let state = reading.value, let settings, let sources = secrets?.value {
                let fleet = FleetReader(
                    settings: settings, environment: config.environment, now: SystemClock().now())
                let compared = try StoreComparison(
                    of: state, store: StoreComparison.Store(fleet), fleet: fleet, secrets: sources)
                comparison = (state.sha256, compared.difference)
                if let held = compared.held { problems.append(Self.warning(of: held, path: path, state.sha256)) }
            }
        }
        if strict { problems = problems.map(\.asError) }
        let isValid = !problems.contains { $0.severity == .error }
        switch format {
        case .github:
            // The annotations are the data: a runner reads them from standard output.
            for problem in problems { Console.print(GitHubAnnotation(problem).text) }
        case .json: try JSONOutput.print(CheckDocument(valid: isValid, problems: problems))
        case .text:
            Diagnostics.print(problems)
            if desiredState == nil, let settings {
                let location = StoreLocation(directory: settings.stateDirectory)
                if !location.hasStore { Console.warning(location.absence) }
            }
            if isValid, let size {
                let name = desiredState == "-" ? "<stdin>" : desiredState ?? settings?.desiredState ?? ""
                Console.print("\(name): valid, \(size)")
                if let comparison {
                    Console.print("against the store: \(comparison.difference)\nsha256: \(comparison.sha256)")
                }
            }
        }
        guard isValid else {
            let errors = problems.count { $0.severity == .error }
            let note = strict ? " (--strict treats warnings as errors)" : ""
            throw CommandFailure.configuration("\(errors.counted("error")) found\(note)")
        }
    }
}

/// The output formats of `check`.
enum CheckFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
    case github
}

extension CheckCommand {
    /// Reads a desired state from a file, or from standard input for `-`.
    private static func read(
        _ path: String, secrets: SecretSources?, marker: TokenMarker?
    ) throws -> Reading<DesiredState> {
        let mark = marker.map { marker in { (token: Token) in marker.mark(of: token) } }
        guard path == "-" else {
            return DesiredStateReader.read(
                path: path, secrets: secrets, references: .warnIfNoSource, mark: mark)
        }
        return DesiredStateReader.read(
            bytes: try StandardInput.read(), file: "<stdin>", secrets: secrets,
            references: .warnIfNoSource, mark: mark)
    }

    /// Returns a warning when a daemon runs on these settings with other secrets than those that were checked: it may
    /// refuse a file that is valid here.
    private static func warningOfDaemon(_ settings: Settings, _ environment: [String: String]) async -> ConfigProblem? {
        guard let view = try? await ControlClient(settings).view(),
            case .different(let sentence, let advice) = await SecretsOfDaemon.compare(
                view, settings: settings, environment: environment)
        else { return nil }
        return ConfigProblem(
            file: settings.secrets, line: 0, column: 0, severity: .warning, message: sentence, hint: advice)
    }

    private static func warning(of held: HeldReason, path: String, _ sha256: String) -> ConfigProblem {
        ConfigProblem(
            file: path, line: 1, column: 1, severity: .warning, message: "it would be held: \(held)",
            hint: "to accept it anyway: twostepd accept \(sha256.prefix(12))")
    }
}

/// `check` as JSON.
struct CheckDocument: Encodable {
    struct Problem: Encodable {
        let file: String
        let line: Int
        let column: Int
        let severity: String
        let message: String
        let hint: Nullable<String>
    }

    let version = 1
    let valid: Bool
    let problems: [Problem]

    private enum CodingKeys: String, CodingKey { case version, valid, problems }

    init(valid: Bool, problems: [ConfigProblem]) {
        self.valid = valid
        self.problems = problems.map {
            Problem(
                file: $0.file, line: $0.line, column: $0.column, severity: $0.severity.rawValue, message: $0.message,
                hint: Nullable($0.hint)
            )
        }
    }
}

/// A problem as a workflow command of GitHub Actions, which shows it beside the line.
///
/// Source of the form: "Workflow commands for GitHub Actions", GitHub Docs.
struct GitHubAnnotation {
    let text: String

    init(_ problem: ConfigProblem) {
        var properties = ["file=\(Self.property(problem.file))"]
        if problem.line > 0 { properties += ["line=\(problem.line)", "col=\(max(problem.column, 1))"] }
        properties.append("title=twostepd")
        let message = [problem.message, problem.hint.map { "hint: \($0)" }].compactMap(\.self).joined(separator: "\n")
        text = "::\(problem.severity.rawValue) \(properties.joined(separator: ","))::\(Self.data(message))"
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
