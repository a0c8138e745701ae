import ConfigFile
import Daemon
import Files
import SimulatedVendor
import Storage

/// The failure of a command: its message on standard error, and its exit code.
struct CommandFailure: Error {
    let message: String
    let code: Int32

    /// Exit 1: the command failed.
    static func failed(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 1) }
    /// Exit 64: the command line is invalid.
    static func usage(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 64) }
    /// Exit 65: standard input is not in the format that the command reads.
    static func malformedInput(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 65) }
    /// Exit 69: no daemon answers.
    static func noDaemon(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 69) }
    /// Exit 78: the configuration is invalid.
    static func configuration(_ message: String) -> CommandFailure { CommandFailure(message: message, code: 78) }

    init(message: String, code: Int32) {
        self.message = message
        self.code = code
    }
}

extension CommandFailure {
    /// Makes the message and the exit code of a command that ended with `error`. No other place turns errors into exit
    /// codes.
    ///
    /// Nil for errors of the command line, which its parser knows, and for system errors that only a demonstration
    /// meets: the parser prints them, and exits with 1.
    init?(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let error as StorageError: self = .failed(error.description)
        case let error as StartupError: self.init(error)
        case let error as ControlClient.Failure: self.init(error)
        case let error as FileError: self = .failed(error.description)
        case let error as SecretError: self = .configuration(error.description)
        case let error as ThreadShortage: self = .failed(error.description)
        case let error as SimulationError: self = .usage(error.description)
        default: return nil
        }
    }

    private init(_ error: StartupError) {
        switch error {
        case .configuration(let message): self = .configuration(message)
        case .unavailable(let message): self = .failed(message)
        case .store(let error): self.init(message: error.description, code: Self.codeAtStart(of: error))
        }
    }

    private init(_ error: ControlClient.Failure) {
        switch error {
        case .noDaemon, .storeHeld, .forbidden, .ended: self = .noDaemon(error.description)
        case .noAnswer: self = .failed(error.description)
        case .refused(let message, let exitCode): self.init(message: message, code: exitCode)
        }
    }

    /// Returns the exit code of a process that works on the store and cannot start: 78 when an operator has to correct
    /// the store, the key or the settings, so that a service manager does not try again; 1 for obstacles that may be
    /// gone at the next try.
    private static func codeAtStart(of error: StorageError) -> Int32 {
        switch error {
        case .noStore, .lockHeld, .diskFull, .busy, .pruneRefused: 1
        case .permissions, .corrupted, .replaced, .readOnly, .io, .database, .newerSchema, .olderSchema,
            .developmentSchema, .wrongKey, .keyNeeded, .keyMalformed, .keyExists, .sealedPINUnreadable, .unreadableRow,
            .conflict, .mismatch, .outdated, .queueFull:
            78
        }
    }
}
