import ArgumentParser
import Daemon
import Planning
import Storage

/// `twostepd hooks`.
struct HooksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hooks",
        abstract: "Show which notifications other systems have received, which still wait, and why.",
        discussion: """
            Examples:
              twostepd hooks
              twostepd hooks --format json
            """
    )

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: FormatOptions

    func run() throws {
        let fleet = FleetReader(
            settings: try config.settings(), environment: config.environment, now: SystemClock().now())
        let hooks = try fleet.open()?.hooks() ?? []
        switch output.format {
        case .json: try JSONOutput.print(HooksDocument(hooks))
        case .text:
            guard !hooks.isEmpty else {
                Console.print("no hooks: name them with 'hooks' in the settings")
                return
            }
            let time = RelativeTime(now: fleet.now)
            var table = TextTable(["HOOK", "WAITING", "SINCE", "DELIVERED", "GIVEN UP", "FAILING SINCE", "LAST ERROR"])
            for hook in hooks {
                table.add([
                    hook.name, "\(hook.waiting)", time.text(hook.waitingSince), "\(hook.delivered)", "\(hook.givenUp)",
                    time.text(hook.failingSince), hook.lastError ?? "-",
                ])
            }
            Console.print(lines: table.lines(width: Console.tableWidth))
            for hook in hooks {
                guard let last = hook.lastGivenUp else { continue }
                let subject = last.number.map { " of \($0)" } ?? ""
                Console.print(
                    "\(hook.name) gave up \(hook.givenUp) in all; the last was '\(last.kind.rawValue)'\(subject), "
                        + "\(time.text(last.at)): \(last.error ?? "too many waited")")
            }
        }
    }
}

/// `hooks` as JSON.
struct HooksDocument: Encodable {
    struct Hook: Encodable {
        let name: String
        let waiting: Int
        let waitingSince: Nullable<String>
        let delivered: Int
        let givenUp: Int
        let failingSince: Nullable<String>
        let lastError: Nullable<String>
        let lastGivenUp: Nullable<GivenUp>
    }

    struct GivenUp: Encodable {
        let kind: String
        let number: Nullable<String>
        let at: Nullable<String>
        let error: Nullable<String>
    }

    let version = 1
    let hooks: [Hook]

    private enum CodingKeys: String, CodingKey { case version, hooks }

    init(_ hooks: [HookStatus]) {
        self.hooks = hooks.map {
            Hook(
                name: $0.name, waiting: $0.waiting, waitingSince: Nullable($0.waitingSince?.description),
                delivered: $0.delivered, givenUp: $0.givenUp, failingSince: Nullable($0.failingSince?.description),
                lastError: Nullable($0.lastError),
                lastGivenUp: Nullable(
                    $0.lastGivenUp.map { last in
                        GivenUp(
                            kind: last.kind.rawValue, number: Nullable(last.number?.description),
                            at: Nullable(last.at?.description), error: Nullable(last.error))
                    }))
        }
    }
}
