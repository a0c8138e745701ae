import ArgumentParser
import ConfigFile
import Daemon
import Foundation
import Planning
import Storage

/// `twostepd move`.
struct MoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "move",
        abstract: "Move numbers with their PINs from one store to another.",
        subcommands: [Out.self, In.self]
    )

    /// What both directions need.
    struct Options: ParsableArguments {
        @OptionGroup var config: ConfigOptions
        @Option(
            name: .long, help: "The file of the transport key, the same on both sides.",
            completion: .file())
        var key: String

        func transportKey() throws -> SealingKey {
            do { return try SealingKey.load(file: key) } catch { throw Failure(error) }
        }

        func session(_ settings: Settings, _ command: String, makesStore: Bool) throws -> MoveSession {
            do {
                return try MoveSession(
                    settings: settings, environment: config.environment,
                    actor: UserName.current(environment: config.environment), command: command,
                    makesStore: makesStore)
            } catch {
                throw Failure(error)
            }
        }
    }

    /// Runs `work` and gives its errors the exit codes of commands.
    static func translating<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as ControlClient.Failure {
            throw Failure(error)
        } catch let error as StartupError {
            throw Failure(error)
        } catch let error as StorageError {
            throw Failure(error)
        }
    }
}

/// How far a move is, on a terminal.
struct MoveProgress {
    let total: Int
    private let bar = Console.isTerminal(2) ? ProgressBar(width: Console.width(2)) : nil

    func draw(_ done: Int) { bar?.draw(done: done, total: total, detail: "numbers") }
    func end() { bar?.end() }
}
