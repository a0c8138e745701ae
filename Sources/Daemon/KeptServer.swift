import Glibc
import Logging
import NIOCore
import Synchronization

/// Keeps a server of the daemon running: one that cannot start, or has ended, is started again, with longer and longer waits.
///
/// A server that cannot be had is reported, and is no reason to stop keeping numbers protected.
final class KeptServer: Sendable {
    private struct State {
        /// Why it does not run; nil while it runs, or has not yet been tried.
        var problem: String?
        /// How often in a row it has not run.
        var attempts = 0
    }

    private static let longestWait: Duration = .seconds(30)

    private let failure: Logger.Message
    private let address: String
    private let logger: Logger
    private let onChange: @Sendable (String?) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - address: where it listens, for people.
    ///   - failure: what is logged when it does not run.
    ///   - onChange: is told why it does not run, and nil when it does.
    init(
        at address: String, failure: Logger.Message, logger: Logger, onChange: @escaping @Sendable (String?) -> Void
    ) {
        self.failure = failure
        self.address = address
        self.logger = logger
        self.onChange = onChange
    }

    /// Starts it, again and again, for as long as the process lasts.
    ///
    /// - Parameter serve: runs the server to its end, and calls its argument when it accepts connections.
    func start(_ serve: @escaping @Sendable (_ onRunning: @escaping @Sendable () -> Void) async throws -> Void) {
        Task {
            while true {
                var wait: Duration = .seconds(1)
                do {
                    // It ends without an error when it was closed because its socket had gone.
                    try await serve { self.recordRunning() }
                } catch {
                    wait = recordFailure("\(address): \(Self.reason(error))")
                }
                // Nobody cancels it.
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
        logger.notice("Server runs again", metadata: ["address": "\(address)"])
        onChange(nil)
    }

    /// Reports a problem when it is new, and gives the time until the next try.
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
        return min(.seconds(1 << min(attempts, 5)), Self.longestWait)
    }

    private static func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }
}
