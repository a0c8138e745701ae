import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning

/// `twostepd check`.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the settings and the desired state, and show every problem at once.",
        discussion: """
            Examples:
              twostepd check
              twostepd check desired-state.yaml
              twostepd check --config config/twostepd.yaml --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions
    @Argument(help: "A desired-state file to check instead of the one that the settings name.")
    var desiredState: String?

    func run() throws {
        // A desired-state file can be checked where no settings are, for instance in a code review.
        let isAlone =
            desiredState != nil && config.config == nil && !FileManager.default.fileExists(atPath: config.path)
        let settingsReading = isAlone ? nil : SettingsReader.read(path: config.path)
        let settings = settingsReading.map(\.value) ?? Settings()
        var problems = settingsReading?.problems ?? []
        var count: Int?
        if let path = desiredState ?? settings?.desiredState {
            let secrets = settings.map { SecretSources.read(settings: $0, environment: config.environment) }
            let reading = DesiredStateReader.read(path: path, secrets: secrets?.value, references: .warnIfNoSource)
            problems += (secrets?.problems ?? []) + reading.problems
            count = reading.value?.numbers.count
        }
        let isValid = !problems.contains { $0.severity == .error }
        switch output.format {
        case .json: try JSONOutput.print(CheckDocument(valid: isValid, problems: problems))
        case .text:
            Diagnostics.note(problems)
            if isValid, let count {
                Console.print("\(desiredState ?? settings?.desiredState ?? ""): valid, \(count) numbers")
            }
        }
        guard isValid else {
            let errors = problems.count { $0.severity == .error }
            throw Failure.configuration("\(errors) error\(errors == 1 ? "" : "s") found")
        }
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
