import Glibc
import Logging
import NIOCore
import Synchronization

/// Keeps a server of the daemon running: one that cannot start, or has ended, is restarted with increasing delays.
///
/// A server that cannot run is reported; numbers stay protected without it.
final class SupervisedServer: Sendable {
    private struct State {
        /// The reason why it does not run; nil while it runs, or before the first attempt.
        var problem: String?
        /// The count of failed attempts in a row.
        var attempts = 0
    }

    private static let maxWait: Duration = .seconds(30)

    private let failure: Logger.Message
    private let address: String
    private let logger: Logger
    private let onChange: @Sendable (String?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - address: the address that it listens on, for people.
    ///   - failure: the log message when it does not run.
    ///   - onChange: receives the reason why it does not run, and nil when it runs.
    init(
        at address: String, failure: Logger.Message, logger: Logger, onChange: @escaping @Sendable (String?) -> Void
    ) {
        self.failure = failure
        self.address = address
        self.logger = logger
        self.onChange = onChange
    }

    /// Starts the server, again and again, for as long as the process lasts.
    ///
    /// - Parameter serve: runs the server to its end, and calls its argument when it accepts connections.
    func start(_ serve: @escaping @Sendable (_ onRunning: @escaping @Sendable () -> Void) async throws -> Void) {
        Task {
            while true {
                var wait: Duration = .seconds(1)
                do {
                    // It ends without an error when it was closed because its socket had disappeared.
                    try await serve { self.recordRunning() }
                } catch {
                    wait = recordFailure("\(address): \(Self.reason(error))")
                }
                // This task is never cancelled.
                try? await Task.sleep(for: wait)
            }
        }
    }

    private func recordRunning() {
        let was = state.withLock { state in
            defer { state = State() }
            return state.problem
        }
        guard was != nil else { return }
        logger.notice("Server is running again", metadata: ["address": "\(address)"])
        onChange(nil)
    }

    /// Reports a problem when it is new, and returns the delay before the next attempt.
    private func recordFailure(_ problem: String) -> Duration {
        let (isNew, attempts) = state.withLock { state in
            defer {
                state.problem = problem
                state.attempts += 1
            }
            return (state.problem != problem, state.attempts)
        }
        if isNew {
            logger.error(failure, metadata: ["error": "\(problem)", "next": "it is tried again"])
            onChange(problem)
        }
        return min(.seconds(1 << min(attempts, 5)), Self.maxWait)
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}
