import Foundation

/// The command line as the real binary describes itself (`--experimental-dump-help`).
struct HelpDump: Decodable {
    let command: Command

    struct Command: Decodable {
        let commandName: String
        let superCommands: [String]?
        let abstract: String?
        let discussion: String?
        let arguments: [Argument]?
        let subcommands: [Command]?
        let shouldDisplay: Bool

        /// The words that call the command, without the program's name.
        var words: [String] { Array(((superCommands ?? []) + [commandName]).dropFirst()) }

        /// This command and its subcommands that do something, in the order of the help.
        var leaves: [Command] {
            let shown = (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
            return shown.isEmpty ? [self] : shown.flatMap(\.leaves)
        }
    }

    struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: String
        let names: [Name]?
        let abstract: String?
        let valueName: String?
        let defaultValue: String?
        let isOptional: Bool
        let isRepeating: Bool
        let shouldDisplay: Bool
        let allValues: [String]?

        /// True for an option of every command, which is explained once.
        var isCommon: Bool {
            ["config", "help", "version"].contains(names?.last?.name ?? "")
        }
    }

    static func read() async throws -> HelpDump {
        let result = try await Binary.run(["--experimental-dump-help"])
        return try JSONDecoder().decode(HelpDump.self, from: Data(result.output.utf8))
    }
}
