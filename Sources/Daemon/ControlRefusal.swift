import ConfigFile
import HTTPTypes
import Planning
import Reconciler
import Storage

/// A reason why the daemon refuses a request on the control socket.
enum ControlRefusal: Error, Sendable {
    /// The request cannot be decoded.
    case unintelligible
    /// The caller works on another store.
    case otherStore(own: String, asked: String)
    case stopping
    /// The order names a number that is not managed, or would have no effect; in words.
    case pointless(String)
    /// The files are not valid; the revision in force stays.
    case invalidFiles([ConfigProblem], inForce: Int?)
    /// The file does not have the content that was accepted; in words.
    case notAccepted(String)
    /// The desired state would weaken the fleet; the revision in force stays.
    case held(HeldState)
    /// The desired state could not be adopted.
    case adoptionFailed(StoreFailure)
    /// A report could not be carried out in full; `done` names the part that was, in words. The caller should send it
    /// again.
    case reportFailed(done: String?, any Error)
    /// A reveal could not be recorded.
    case revealNotRecorded(any Error)
}

extension ControlMessage.Answer {
    /// Makes the answer to a request that failed with `error`. No other place turns errors into answers.
    init(_ error: any Error) {
        self.init(done: false, message: Self.message(error), exitCode: Self.exitCode(error))
    }

    private static func message(_ error: any Error) -> String {
        guard let refusal = error as? ControlRefusal else { return "not done: \(reason(error))" }
        return words(refusal)
    }

    private static func words(_ refusal: ControlRefusal) -> String {
        switch refusal {
        case .unintelligible: return "the request cannot be understood"
        case .otherStore(let own, let asked): return "this daemon works on \(own), not on \(asked)"
        case .stopping: return "the daemon is stopping: nothing was done; repeat the command when it runs again"
        case .pointless(let problem), .notAccepted(let problem): return problem
        case .invalidFiles(let problems, let revision):
            let first = problems.first { $0.severity == .error }?.summary ?? "it cannot be read"
            return "not adopted, \(StateInForce.stays(revision)): \(first)"
        case .held(let held):
            return "held, \(held.reason.consequence): \(held.reason); see `twostepd plan`; to accept it anyway: "
                + "twostepd accept \(held.sha256.prefix(12))"
        case .adoptionFailed(let failure): return "the store failed, and is retried: \(failure)"
        case .reportFailed(let done, let error):
            let subject = done.map { "\($0); the others were not reported" } ?? "nothing was reported"
            return "\(subject): \(reason(error)); report them again"
        case .revealNotRecorded(let error): return "not recorded, so not shown: \(reason(error))"
        }
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let refusal as ControlRefusal: words(refusal)
        case is StorageError: "the store is failing: \(error)"
        default: "\(error)"
        }
    }

    /// Returns the exit code for the command: the one it would use if it had met the error itself.
    private static func exitCode(_ error: any Error) -> Int32 {
        switch error as? ControlRefusal {
        case .invalidFiles: 78
        // As if there were no daemon: programs that ask unattended retry.
        case .stopping, .reportFailed: 69
        case .unintelligible, .otherStore, .pointless, .notAccepted, .held, .adoptionFailed, .revealNotRecorded, nil: 1
        }
    }
}

extension LocalServer.Reply {
    /// Returns the reply to a request that failed with `error`.
    static func refusal(_ error: any Error) -> LocalServer.Reply {
        .json(status(error), ControlMessage.Answer(error))
    }

    /// Returns the HTTP status for `error`. A request that was understood and refused gets 200; only one that must not
    /// be repeated unchanged, or not now, gets an error status.
    private static func status(_ error: any Error) -> HTTPResponse.Status {
        switch error as? ControlRefusal {
        case .unintelligible: .badRequest
        case .otherStore: .conflict
        case .revealNotRecorded: .serviceUnavailable
        case .stopping, .pointless, .invalidFiles, .notAccepted, .held, .adoptionFailed, .reportFailed, nil: .ok
        }
    }
}
