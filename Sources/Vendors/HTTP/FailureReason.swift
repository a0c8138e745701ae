import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Planning

/// Interprets the network's errors.
enum FailureReason {
    /// Returns the reason why a request whose body was never sent failed.
    static func beforeSending(_ error: any Error) -> OutcomeReason {
        switch error {
        case let error as NIOConnectionError: return reason(of: error)
        case let error as IOError: return error.errnoCode == ETIMEDOUT ? .connectTimeout : reason(of: error)
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: return .tlsFailed
        case HTTPCallError.tlsTimeout, HTTPCallError.tlsInterrupted, HTTPCallError.wrongName: return .tlsFailed
        case let error as HTTPCallError: return error.isTimeout ? .connectTimeout : .notSent
        case is ChannelError: return isTimeout(error) ? .connectTimeout : .notSent
        default: return .notSent
        }
    }

    static func isTimeout(_ error: any Error) -> Bool {
        switch error {
        case let error as HTTPCallError: error.isTimeout
        case ChannelError.connectTimeout: true
        default: false
        }
    }

    /// Returns the error in one line; the classifier limits its length and removes secrets.
    static func text(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            let causes = error.connectionErrors.map { text($0.error) }
            return causes.isEmpty ? "\(error.host) does not resolve" : causes.joined(separator: "; ")
        case let error as IOError: return String(cString: strerror(error.errnoCode))
        case is CancellationError: return "cancelled"
        default: return "\(error)"
        }
    }

    private static func reason(of error: NIOConnectionError) -> OutcomeReason {
        guard !error.connectionErrors.isEmpty else { return .nameNotResolved }
        if error.connectionErrors.allSatisfy({ isTimeout($0.error) }) { return .connectTimeout }
        return error.connectionErrors.contains { failure in
            (failure.error as? IOError).map { reason(of: $0) == .connectionRefused } ?? false
        } ? .connectionRefused : .notSent
    }

    private static func reason(of error: IOError) -> OutcomeReason {
        switch error.errnoCode {
        case ECONNREFUSED, EHOSTUNREACH, ENETUNREACH: .connectionRefused
        default: .notSent
        }
    }
}
