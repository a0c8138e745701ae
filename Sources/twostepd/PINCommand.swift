import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd pin`.
struct PINCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Reveal PINs, which is recorded; or list their generations without any PIN.",
        subcommands: [Show.self, List.self]
    )

    /// `twostepd pin show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show the PIN of a number, most likely first when it is not certain.",
            discussion: """
                Who asked, from where and why is recorded before anything is shown. Needs the sealing key.

                A PIN is printed to a terminal only, unless --stdout or --format json asks for it: a PIN that ends up \
                in a file or a pipe by mistake is not protected there.

                Examples:
                  twostepd pin show support-us --reason "new handset, ticket 4711"
                  twostepd pin show +15550100001 --reason "hand-over" --format json
                """
        )

        @OptionGroup var config: ConfigOptions
        @OptionGroup var output: FormatOptions
        @Argument(help: "The number (E.164) or its label.", completion: NumberCompletion.kind)
        var number: String
        @Option(name: .long, help: "Why you need it, for the audit trail.")
        var reason: String
        @Flag(name: .long, help: "Print the PIN although standard output is not a terminal.")
        var stdout = false

        func run() async throws {
            guard !reason.allSatisfy(\.isWhitespace) else { throw CommandFailure.usage("--reason must say why") }
            guard stdout || output.format == .json || Console.isTerminal(1) else {
                throw CommandFailure.usage(
                    "standard output is not a terminal, so no PIN is printed there: "
                        + "--stdout or --format json asks for it")
            }
            let settings = try config.settings()
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            let plain = try fleet.existing()
            guard let number = try fleet.resolve(number, plain) else { return }
            // The PINs shown are the PINs recorded: when the daemon rotates in between, both steps are repeated.
            for _ in 1...5 {
                // The key is tried before the reveal is recorded: a PIN that cannot be shown is not recorded as shown.
                let before = try record(of: number, fleet)
                let shown = before.candidates.filter { !before.isUnreadable($0) }
                guard !shown.isEmpty else {
                    try reportUnreadable(before, fleet)
                    guard output.format == .json else { throw Self.nothingToShow(before) }
                    return try JSONOutput.print(PINDocument(before))
                }
                try await recordReveal(of: number, shown, settings: settings, fleet: fleet)
                let record = try record(of: number, fleet)
                guard Set(record.candidates).isSubset(of: before.candidates) else { continue }
                try reportUnreadable(record, fleet)
                switch output.format {
                case .json: try JSONOutput.print(PINDocument(record))
                case .text: try printText(record, fleet, plain)
                }
                return
            }
            throw CommandFailure.failed(
                "the PIN of \(number) changed while the request was recorded: repeat the command")
        }

        private func record(of number: PhoneNumber, _ fleet: FleetReader) throws -> NumberRecord {
            guard let record = try fleet.openWithKey().record(number, at: fleet.now) else {
                throw CommandFailure.failed("\(number) is not in the store: see `twostepd status`")
            }
            return record
        }

        /// Prints the reason for each PIN that may be live and cannot be opened; throws when there is no other PIN.
        private func reportUnreadable(_ record: NumberRecord, _ fleet: FleetReader) throws {
            let unreadable = record.candidates.filter { record.isUnreadable($0) }
            guard !unreadable.isEmpty else { return }
            let reader = try fleet.openWithKey()
            for generation in unreadable {
                do throws(StorageError) {
                    _ = try reader.pin(of: record.number, generation: generation)
                } catch {
                    guard unreadable.count < record.candidates.count else { throw error }
                    Console.note(error.description)
                }
            }
        }

        private func recordReveal(
            of number: PhoneNumber, _ generations: [Int], settings: Settings, fleet: FleetReader
        ) async throws {
            let who = UserName.current(environment: config.environment)
            let reveal = ControlMessage.PINReveal(
                stateDirectory: settings.stateDirectory, number: number.description, generations: generations,
                reason: reason, onBehalfOf: who, terminal: Console.terminalName
            )
            do {
                try await RevealRecorder.record(
                    reveal, number: number, actor: who, settings: settings, environment: config.environment,
                    now: fleet.now)
            } catch let failure as ControlClient.Failure where failure.isOfAbsence {
                throw CommandFailure.noDaemon("the request cannot be recorded, so no PIN is shown: \(failure)")
            }
        }

        private func printText(_ record: NumberRecord, _ fleet: FleetReader, _ reader: StoreReader) throws {
            let document = PINDocument(record)
            guard let first = document.candidates.first else { throw Self.nothingToShow(record) }
            let rotation = Self.rotation(of: record, now: fleet.now)
            guard !document.certain else {
                Console.print(first.pin)
                Console.note("certain: generation \(first.generation) is live")
                rotation.map { Console.note($0) }
                return
            }
            let only = document.candidates.count == 1
            Console.note(only ? "NOT certain: this PIN may be live" : "NOT certain; most likely first:")
            for candidate in document.candidates {
                Console.print("\(candidate.pin)  generation \(candidate.generation)")
            }
            let standing = NumberStatus(
                record, operatorPIN: record.generations.last?.pin, policy: fleet.policy, now: fleet.now,
                guards: try fleet.guards(reader))
            rotation.map { Console.note($0) }
            for line in Certainty(standing: standing, policy: fleet.policy, now: fleet.now).lines {
                Console.note(line)
            }
        }

        /// Returns the sentence about the rotation that follows from the reveal; nil when none does.
        private static func rotation(of record: NumberRecord, now: Instant) -> String? {
            guard record.desired?.rotateAfterReveal != nil, let ordered = record.orderedRotation,
                let newest = record.generations.last, newest.generation <= ordered.through
            else { return nil }
            let relative = RelativeTime(now: now).text(ordered.at)
            return "because it was revealed, it is rotated at \(ordered.at) (\(relative))"
        }

        private static func nothingToShow(_ record: NumberRecord) -> CommandFailure {
            .failed(
                "no PIN of ours can be live for \(record.number): it is "
                    + record.belief.elements.joined(separator: " or ")
                    + " (off: disabled; foreign: a PIN that we do not hold)")
        }
    }

    /// `twostepd pin list`.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List the PIN generations of a number and their dates, without any PIN. Needs no key.",
            discussion: """
                Examples:
                  twostepd pin list support-us
                  twostepd pin list +15550100001 --limit 5 --format json
                """
        )

        @OptionGroup var config: ConfigOptions
        @OptionGroup var output: FormatOptions
        @Argument(help: "The number (E.164) or its label.", completion: NumberCompletion.kind)
        var number: String
        @Option(name: .long, help: "At most this many generations, the newest (1 to 10000).")
        var limit = 100

        func run() throws {
            guard (1...StoreReader.pageLimit).contains(limit) else {
                throw CommandFailure.usage("--limit must be 1 to 10000")
            }
            let settings = try config.settings()
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            let reader = try fleet.existing()
            guard let number = try fleet.resolve(number, reader) else { return }
            guard try reader.closedRecord(number, at: fleet.now) != nil else {
                throw CommandFailure.failed("\(number) is not in the store: see `twostepd status`")
            }
            let pins = try reader.pins(of: number, limit: limit)
            switch output.format {
            case .json: try JSONOutput.print(PINListDocument(number, pins))
            case .text: Self.printText(pins)
            }
        }

        private static func printText(_ pins: [PINRow]) {
            var table = TextTable([
                "GENERATION", "ORIGIN", "MADE", "LIVE FROM", "LIVE UNTIL", "MAY BE LIVE", "IN DOUBT SINCE", "KEY",
            ])
            let time: (Instant?) -> String = { $0?.description ?? "-" }
            for row in pins {
                let pin = row.generation
                table.add([
                    "\(pin.generation)", pin.origin.text, time(pin.createdAt), time(pin.liveFrom), time(pin.liveUntil),
                    row.maybeLive ? "yes" : "no", time(row.doubtAt), row.keyID,
                ])
            }
            table.lines(width: Console.tableWidth).forEach { Console.print($0) }
        }
    }
}

/// The other states that a number may be in, and the event that would settle them.
struct Certainty {
    let standing: NumberStatus
    let policy: Policy
    let now: Instant

    var lines: [String] {
        let record = standing.record
        let relative = RelativeTime(now: now)
        var lines: [String] = []
        if record.belief.maybeOff { lines.append("it may also be disabled, so that no PIN is asked for") }
        if record.belief.maybeForeign { lines.append("it may also be enabled with a PIN that we do not hold") }
        if let last = record.belief.doubts.map(\.since).max() {
            let end = last.advanced(by: policy.settleDelay)
            lines.append("a request without an answer may still be carried out until \(end) (\(relative.text(end)))")
        }
        guard record.desired != nil else {
            let advice = "add it again, or try these PINs"
            return lines + ["the number is not in the desired state, so nothing will settle it: \(advice)"]
        }
        let next = standing.nextStep.action.map { action in
            "\(action.rawValue)\(standing.nextStep.at.map { ", \(relative.text($0))" } ?? "")"
        }
        let step = next.map { "the daemon's next step: \($0)" } ?? "the daemon waits: \(standing.sentence)"
        return lines + ["an accepted request settles it: \(step); see `twostepd status \(record.number)`"]
    }
}
