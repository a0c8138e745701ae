import Daemon
import Storage

/// A command that could not do what was asked: what is said on standard error, and the exit code.
struct Failure: Error {
    let message: String
    let code: Int32

    /// Exit 1: it failed.
    static func failed(_ message: String) -> Failure { Failure(message: message, code: 1) }
    /// Exit 64: the command line is not right.
    static func usage(_ message: String) -> Failure { Failure(message: message, code: 64) }
    /// Exit 69: no daemon answers.
    static func noDaemon(_ message: String) -> Failure { Failure(message: message, code: 69) }
    /// Exit 78: the configuration is not right.
    static func configuration(_ message: String) -> Failure { Failure(message: message, code: 78) }

    init(message: String, code: Int32) {
        self.message = message
        self.code = code
    }

    init(_ error: StartupError) {
        switch error {
        case .configuration(let message): self = .configuration(message)
        case .unavailable(let message): self = .failed(message)
        }
    }

    init(_ error: ControlClient.Failure) {
        switch error {
        case .noDaemon: self = .noDaemon(error.description)
        case .noAnswer: self = .failed(error.description)
        case .refused(let message, let exitCode): self = Failure(message: message, code: exitCode)
        }
    }

    init(_ error: StorageError) { self = .failed(error.description) }
}
