import ArgumentParser
import ConfigFile
import Daemon

/// `twostepd accept`.
struct AcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Take a desired state into force that is held because it weakens the fleet.",
        discussion: """
            A desired state that would disable or drop more than max_weakened_percent of the managed numbers is held. \
            `twostepd status` names its revision, and `twostepd plan` shows what it would do.

            Example:
              twostepd accept 3f9a2c11d0b4
            """
    )

    @OptionGroup var config: ConfigOptions
    @Argument(help: "The beginning of the SHA-256 of the file, at least 4 digits.")
    var revision: String

    func run() async throws {
        let settings = try config.settings()
        let message = ControlMessage.Accept(
            revision: revision, onBehalfOf: UserName.current(environment: config.environment))
        Console.note(try await ControlClient(socket: settings.controlSocket).accept(message).message)
    }
}

/// What an order concerns.
struct OrderOptions: ParsableArguments {
    @OptionGroup var config: ConfigOptions
    @Argument(help: "Numbers (E.164) or labels.", completion: NumberCompletion.kind)
    var numbers: [String] = []
    @Option(help: "Why, for the audit trail.")
    var reason: String?

    /// Has the daemon carry the order out; says so when it is in force, and gives its instant.
    @discardableResult
    func give(
        _ kind: ControlMessage.OrderRequest.Kind, evenExposed: Bool = false
    ) async throws -> ControlMessage.Answer {
        let settings = try config.settings()
        let message = ControlMessage.OrderRequest(
            kind: kind, numbers: numbers.isEmpty ? nil : numbers, reason: reason, evenExposed: evenExposed,
            onBehalfOf: UserName.current(environment: config.environment))
        let answer = try await ControlClient(socket: settings.controlSocket).order(message)
        Console.note(answer.message)
        return answer
    }
}

/// `twostepd pause`.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Send nothing for some numbers, or for all, until they are resumed.",
        discussion: """
            A pause survives restarts. A number that is exposed, because it is between disable and enable, is still \
            enabled, unless --even-exposed says otherwise.

            Examples:
              twostepd pause --reason "vendor maintenance until 14:00"
              twostepd pause support-us --reason "ticket 4711"
            """
    )

    @OptionGroup var options: OrderOptions
    @Flag(name: .customLong("even-exposed"), help: "Leave even exposed numbers as they are: without protection.")
    var evenExposed = false

    func run() async throws { try await options.give(.pause, evenExposed: evenExposed) }
}

/// `twostepd resume`.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "End the pause of some numbers, or the pause of all.",
        discussion: """
            Without numbers it ends the pause of all; numbers that were paused one by one stay so until named.

            Examples:
              twostepd resume
              twostepd resume support-us --reason "ticket 4711 is done"
            """
    )

    @OptionGroup var options: OrderOptions

    func run() async throws { try await options.give(.resume) }
}
