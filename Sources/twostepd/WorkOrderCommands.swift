import ArgumentParser
import Daemon
import Planning

/// Numbers or all, and whether to wait.
struct WorkOrderOptions: ParsableArguments {
    @OptionGroup var order: OrderOptions
    @Flag(help: "All managed numbers. Asks first, unless --yes.")
    var all = false
    @Flag(help: "Do not ask.")
    var yes = false
    @Flag(help: "Wait until it is done, and show how far it is. Ctrl-C ends the waiting, not the order.")
    var wait = false
    @Option(help: "How long to wait at most, such as 30s, 10m or 2h.")
    var timeout = "10m"

    func validate() throws {
        guard all || !order.numbers.isEmpty else {
            throw ValidationError("name the numbers or labels, or --all")
        }
        guard !all || order.numbers.isEmpty else { throw ValidationError("either numbers or --all, not both") }
        guard let limit = Duration(periodText: timeout), limit > .zero else {
            throw ValidationError("--timeout is a duration such as 30s, 10m or 2h, not '\(timeout)'")
        }
    }

    /// Asks if need be, gives the order, and waits if that is wanted.
    func carryOut(_ kind: ControlMessage.OrderRequest.Kind, asking question: String) async throws {
        if all, !yes { try confirm(question) }
        let answer = try await order.give(kind)
        guard wait, let at = answer.at.flatMap({ Instant($0) }), let limit = Duration(periodText: timeout) else {
            return
        }
        try await OrderProgress(
            kind: kind, names: all ? nil : Set(order.numbers), orderedAt: at, limit: limit, config: order.config
        ).follow()
    }

    private func confirm(_ question: String) throws {
        guard Console.isTerminal(0), Console.isTerminal(2) else {
            throw Failure.usage("--all asks first, and there is no terminal to ask at: add --yes")
        }
        Console.note("\(question) [y/N] ", terminator: "")
        guard let answer = readLine()?.lowercased(), ["y", "yes"].contains(answer) else {
            throw Failure.failed("nothing was ordered")
        }
    }
}

/// `twostepd rotate`.
struct RotateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Give numbers a new PIN now, under all limits.",
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
            For a number of which somebody says that it is not as it should be. A backoff ends.

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
        abstract: "Forget what is believed of numbers and take them over again.",
        discussion: """
            For a number that somebody changed behind the daemon's back. It is disabled and enabled with a new PIN, \
            whatever it was; PINs that may be live are kept until that is certain.

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
