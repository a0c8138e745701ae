import ArgumentParser
import ConfigFile
import Daemon
import Planning

/// `twostepd observe`.
struct ObserveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "observe",
        abstract: "Report an observation of a number: off, on, or that its PIN was changed.",
        discussion: """
            Use it for changes that another person or program has made. The daemon acts at once: a number that is \
            reported off is enabled again, and one whose PIN was changed is reset. A report only adds to what is \
            believed possible, so a late or wrong one costs a request or two, and never a PIN.

            --from meta-security reads the body of WhatsApp's webhook from standard input, and reports each change of the \
            field security: PIN_CHANGED as pin-changed, PIN_RESET_SUCCESS as off. PIN_RESET_REQUEST, a person who asks \
            WhatsApp to disable verification, is an event and a notification (disable_requested) only. Other fields and \
            events are ignored. Check the signature of the body first: docs/operations.md has a receiver that does.

            Numbers that are not in the desired state in force, and changes that cannot be read, are named with exit \
            1, after the others were reported. With a body that cannot be read the exit code is 65, and nothing is \
            reported. When the daemon cannot accept a report now (69), repeat it: a report that was already accepted \
            does no harm.

            Examples:
              twostepd observe support-us off --source "WhatsApp Manager, ticket 4711"
              twostepd observe +15550100001 pin-changed --source "call from the shop"
              twostepd observe --from meta-security < body.json
            """
    )

    /// Kinds of reports, as the command line names them.
    enum Seen: String, ExpressibleByArgument, CaseIterable {
        case on
        case off
        case pinChanged = "pin-changed"

        var kind: ControlMessage.ObservationReport.Item.Kind {
            switch self {
            case .on: .on
            case .off: .off
            case .pinChanged: .pinChanged
            }
        }
    }

    /// Formats of other systems that are read from standard input.
    enum Origin: String, ExpressibleByArgument, CaseIterable {
        case metaSecurity = "meta-security"
    }

    @OptionGroup var config: ConfigOptions
    @Argument(help: "The number (E.164) or label.", completion: NumberCompletion.kind)
    var number: String?
    @Argument(help: "What was observed.")
    var seen: Seen?
    @Option(help: "Who or what observed it, for the audit trail.")
    var source: String?
    @Option(help: "Read reports in this format from standard input, instead of one in the arguments.")
    var from: Origin?

    func validate() throws {
        guard from == nil else {
            guard number == nil, source == nil else {
                throw ValidationError("use either --from, or a number with --source, not both")
            }
            return
        }
        guard number != nil, seen != nil else {
            throw ValidationError("name the number and what was observed (on, off or pin-changed), or use --from")
        }
        guard let source, source.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("--source names who or what observed it")
        }
    }

    func run() async throws {
        let settings = try config.settings()
        let daemon = ControlClient(settings)
        if let number, let seen, let source {
            return try await report([.init(number: number, kind: seen.kind, source: source)], to: daemon)
        }
        let bytes = try StandardInput.read(limit: SecurityWebhook.maxSize, tooLarge: CommandFailure.malformedInput)
        let webhook = try SecurityWebhook(bytes)
        for line in webhook.ignored { Console.note("ignored: \(line)") }
        try await report(webhook.items, unreadable: webhook.unreadable, to: daemon)
    }

    /// Reports all observations, as many at a time as the daemon accepts. When some are refused the others are still
    /// reported.
    ///
    /// - Parameter unreadable: the problems of changes that could not be read.
    private func report(
        _ items: [ControlMessage.ObservationReport.Item], unreadable: [String] = [], to daemon: ControlClient
    ) async throws {
        guard !items.isEmpty else { return Console.note("nothing to report") }
        let user = UserName.current(environment: config.environment)
        var refusals = unreadable.map { problem in
            (
                message: "not reported: \(problem); read the body, and report it by hand: twostepd observe NUMBER …",
                code: Int32(1)
            )
        }
        let size = ControlMessage.ObservationReport.maxItems
        for start in stride(from: 0, to: items.count, by: size) {
            let page = Array(items[start..<min(start + size, items.count)])
            do {
                Console.note(try await daemon.report(.init(items: page, onBehalfOf: user)).message)
            } catch ControlClient.Failure.refused(let message, let exitCode) {
                refusals.append((message, exitCode))
            } catch ControlClient.Failure.noAnswer(let path, let problem) {
                throw CommandFailure.noDaemon("the daemon at \(path) has not answered (\(problem)): report it again")
            }
        }
        guard let code = refusals.map(\.code).max() else { return }
        throw CommandFailure(message: refusals.map(\.message).joined(separator: "\n"), code: code)
    }
}
