import ArgumentParser
import ConfigFile
import Daemon
import Planning

/// `twostepd accept`.
struct AcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Accept a held desired state.",
        discussion: """
            A desired state that would disable or drop more than max_weakened_percent of the managed numbers is held. \
            So is the first one of a new store if it has five or more numbers, because the store may be an empty \
            folder where the real one belongs. `twostepd status` shows its SHA-256, and `twostepd plan` what it would \
            do.

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
        Console.note(try await ControlClient(settings).accept(message).message)
    }
}

/// The numbers that an order concerns, and its reason.
struct OrderOptions: ParsableArguments {
    @OptionGroup var config: ConfigOptions
    @Argument(help: "Numbers (E.164) or labels.", completion: NumberCompletion.kind)
    var numbers: [String] = []
    @Option(help: "Why, for the audit trail.")
    var reason: String?

    /// Has the daemon carry out the order, and prints a message when it is in force.
    func give(
        _ kind: ControlMessage.OrderRequest.Kind, evenExposed: Bool = false
    ) async throws {
        let settings = try config.settings()
        let message = ControlMessage.OrderRequest(
            kind: kind, numbers: numbers.isEmpty ? nil : numbers, reason: reason, evenExposed: evenExposed,
            onBehalfOf: UserName.current(environment: config.environment))
        let answer = try await ControlClient(settings).order(message)
        Console.note(answer.message)
    }
}

/// `twostepd pause`.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Send nothing for some numbers, or for all, until they are resumed.",
        discussion: """
            A pause survives restarts. A number that is exposed, because it is between disable and enable, is still \
            enabled, unless --even-exposed is given.

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
            Without numbers it ends the pause of all; numbers that were paused by name stay paused until they are \
            named.

            Examples:
              twostepd resume
              twostepd resume support-us --reason "ticket 4711 is done"
            """
    )

    @OptionGroup var options: OrderOptions

    func run() async throws { try await options.give(.resume) }
}

/// Numbers or all, and whether to wait.
struct WorkOrderOptions: ParsableArguments {
    @OptionGroup var order: OrderOptions
    @Flag(help: "All managed numbers. Asks for confirmation, unless --yes is given.")
    var all = false
    @Flag(help: "Do not ask for confirmation.")
    var yes = false
    @Flag(help: "Wait until the order is done, and show its progress. Ctrl-C ends the waiting, not the order.")
    var wait = false
    @Option(help: "The longest time to wait, such as 30s, 10m or 2h.")
    var timeout = "10m"

    func validate() throws {
        guard all || !order.numbers.isEmpty else {
            throw ValidationError("name the numbers or labels, or --all")
        }
        guard !all || order.numbers.isEmpty else { throw ValidationError("either numbers or --all, not both") }
        guard let limit = Duration(periodText: timeout), limit > .zero else {
            throw ValidationError("--timeout must be a duration such as 30s, 10m or 2h, not '\(timeout)'")
        }
    }

    /// Asks when necessary, gives the order, and waits if requested.
    func carryOut(_ kind: ControlMessage.OrderRequest.Kind, asking question: String) async throws {
        if all, !yes { try confirm(question) }
        try await order.give(kind)
        guard wait, let limit = Duration(periodText: timeout) else {
            return
        }
        try await OrderProgress(
            kind: kind, names: all ? nil : Set(order.numbers), limit: limit, config: order.config
        ).follow()
    }

    private func confirm(_ question: String) throws {
        guard Console.isTerminal(0), Console.isTerminal(2) else {
            throw CommandFailure.usage("--all asks for confirmation, and there is no terminal: add --yes")
        }
        Console.note("\(question) [y/N] ", terminator: "")
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            throw CommandFailure.failed("nothing was ordered")
        }
    }
}

/// `twostepd rotate`.
struct RotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give numbers a new PIN now, within all limits.",
        discussion: """
            The order is durable when the command returns: it survives restarts. Each number is disabled for a moment \
            and enabled with the new PIN, at most max_exposed at once.

            Examples:
              twostepd rotate support-us --reason "ticket 4711" --wait
              twostepd rotate --all --yes
            """
    )

    @OptionGroup var options: WorkOrderOptions

    func run() async throws {
        try await options.carryOut(.rotate, asking: "Give every managed number a new PIN?")
    }
}

/// `twostepd reapply`.
struct ReapplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reapply",
        abstract: "Send the desired state of numbers again, with the same PIN.",
        discussion: """
            Use it for a number that is reported not to be as desired. It ends the number's backoff.

            Examples:
              twostepd reapply support-us --wait
              twostepd reapply --all --yes --reason "the vendor restored a backup"
            """
    )

    @OptionGroup var options: WorkOrderOptions

    func run() async throws {
        try await options.carryOut(.reapply, asking: "Send the desired state of every managed number again?")
    }
}

/// `twostepd reset`.
struct ResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Discard the belief about numbers, and take them over again.",
        discussion: """
            Use it for a number that was changed behind the daemon's back. The number is disabled and enabled with a \
            new PIN, whatever its state was; PINs that may be live are kept until the new one is certain.

            Examples:
              twostepd reset +15550100001 --reason "set by hand at the vendor" --wait
              twostepd reset --all
            """
    )

    @OptionGroup var options: WorkOrderOptions

    func run() async throws {
        try await options.carryOut(
            .reset, asking: "Take every managed number over again? Each gets a new PIN, max_exposed at a time.")
    }
}

/// `twostepd reload`.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Make the running daemon read the desired state and the secrets again.",
        discussion: """
            The daemon adopts a saved change of the desired state by itself; use this command after a change of \
            secrets, and in scripts that need to know the result. The settings and the certificate authorities are \
            read only at startup, and so are secrets that the service manager passes as credentials: if they have \
            changed, the command says so, and exits with 1 if the daemon's secrets differ from the file.

            Example:
              twostepd reload
            """
    )

    @OptionGroup var config: ConfigOptions

    func run() async throws {
        let settings = try config.settings()
        let client = ControlClient(settings)
        let answer: ControlMessage.Answer
        do {
            answer = try await client.reload()
        } catch ControlClient.Failure.refused(let message, let exitCode) {
            let notes = await Self.outdated(client, settings, config.environment).map { $0.text }
            throw ControlClient.Failure.refused(([message] + notes).joined(separator: "\n"), exitCode: exitCode)
        }
        Console.note(answer.message)
        let notes = await Self.outdated(client, settings, config.environment)
        for note in notes where !note.concernsSecrets { Console.note(note.text) }
        guard let secrets = notes.first(where: { $0.concernsSecrets }) else { return }
        throw CommandFailure.failed(secrets.text)
    }

    /// Returns the files that the daemon has not adopted, and the reasons.
    private static func outdated(
        _ client: ControlClient, _ settings: Settings, _ environment: [String: String]
    ) async -> [(text: String, concernsSecrets: Bool)] {
        // A daemon that has ended in the meantime reads everything at its next start.
        guard let view = try? await client.view() else { return [] }
        var outdated = view.outdated
        var notes: [(text: String, concernsSecrets: Bool)] = []
        switch await SecretsOfDaemon.compare(view, settings: settings, environment: environment) {
        case .different(let sentence, let advice): notes.append(("\(sentence): \(advice)", true))
        // A file that was written without a change has nothing to adopt.
        case .same: outdated.removeAll { $0 == settings.secrets }
        case .unknown:
            if outdated.contains(settings.secrets) {
                notes.append(
                    (
                        "the daemon keeps the secrets of its startup, and \(settings.secrets) has changed: restart the "
                            + "service: `\(view.restartCommand)`", true
                    ))
            }
        }
        outdated.removeAll { $0 == settings.secrets }
        if let sentence = view.sentence(ofOutdated: outdated) { notes.append((sentence, false)) }
        return notes
    }
}
