import ArgumentParser
import ConfigFile
import Daemon

/// `twostepd reload`.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the running daemon read the desired state and the secrets again.",
        discussion: """
            The daemon takes up a saved change of the desired state by itself; this is for secrets that changed, and for \
            scripts that want to know that it was done. The settings are read at the start only.

            Example:
              twostepd reload
            """
    )

    @OptionGroup var config: ConfigOptions

    func run() async throws {
        let settings = try config.settings()
        Console.note(try await ControlClient(socket: settings.controlSocket).reload().message)
    }
}
