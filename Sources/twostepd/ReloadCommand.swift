import ArgumentParser
import ConfigFile
import Daemon

/// `twostepd reload`.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have the running daemon read the desired state and the secrets again."
    )

    @OptionGroup var config: ConfigOptions

    func run() async throws {
        let settings = try config.settings()
        do {
            let answer = try await ControlClient(socket: settings.controlSocket).reload()
            Console.note(answer.message)
        } catch let error as ControlClient.Failure {
            if case .noDaemon = error { throw Failure.noDaemon(error.description) }
            throw Failure(error)
        }
    }
}
