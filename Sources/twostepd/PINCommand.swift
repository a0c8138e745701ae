import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd pin`.
struct PINCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Show PINs; every look is recorded.", subcommands: [Show.self]
    )

    /// `twostepd pin show`.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show the PIN of a number, most likely first when it is not certain.",
            discussion: "Who asked and why is recorded before anything is shown. Needs the sealing key."
        )

        @OptionGroup var config: ConfigOptions
        @OptionGroup var output: FormatOptions
        @Argument(help: "The number (E.164) or its label.")
        var number: String
        @Option(name: .long, help: "Why you need it, for the audit trail.")
        var reason: String

        func run() async throws {
            guard !reason.allSatisfy(\.isWhitespace) else { throw Failure.usage("--reason must say why") }
            let settings = try config.settings()
            let fleet = FleetReader(settings: settings, environment: config.environment, now: SystemClock().now())
            guard let plain = try fleet.open() else {
                throw Failure.failed("there is no store at \(fleet.location.database) yet")
            }
            guard let number = try HistoryCommand.resolve(number, fleet, plain) else { return }
            // The key is tried before the look is recorded: what cannot be shown is not recorded as shown.
            let generations = try record(of: number, fleet).candidates
            try await recordReveal(of: number, generations, settings: settings, fleet: fleet)
            let document = PINDocument(try record(of: number, fleet))
            switch output.format {
            case .json: try JSONOutput.print(document)
            case .text: try printText(document)
            }
        }

        private func record(of number: PhoneNumber, _ fleet: FleetReader) throws -> NumberRecord {
            do {
                guard let record = try fleet.openWithKey().record(number, at: fleet.now) else {
                    throw Failure.failed("\(number) is not in the store: see `twostepd status`")
                }
                return record
            } catch let error as StorageError {
                throw Failure(error)
            }
        }

        private func recordReveal(
            of number: PhoneNumber, _ generations: [Int], settings: Settings, fleet: FleetReader
        ) async throws {
            let who = UserName.current(environment: config.environment)
            let reveal = ControlMessage.PINReveal(
                stateDirectory: settings.stateDirectory, number: number.description, generations: generations,
                reason: reason, onBehalfOf: who
            )
            do {
                try await RevealRecorder.record(
                    reveal, number: number, actor: who, settings: settings, environment: config.environment,
                    now: fleet.now)
            } catch let error as ControlClient.Failure {
                if case .noDaemon(let path) = error {
                    throw Failure.noDaemon("the daemon does not answer at \(path), so the look cannot be recorded")
                }
                throw Failure.failed(error.description)
            } catch let error as StartupError {
                throw Failure(error)
            }
        }

        private func printText(_ document: PINDocument) throws {
            guard let first = document.candidates.first else {
                throw Failure.failed("no PIN of ours can be live for \(document.number)")
            }
            guard !document.certain else {
                Console.print(first.pin)
                return
            }
            Console.note("which of these is live is not certain; most likely first:")
            for candidate in document.candidates {
                Console.print("\(candidate.pin)  generation \(candidate.generation)")
            }
        }
    }
}

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
