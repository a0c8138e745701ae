/// Why a request ended as it did; a closed list, so that nothing is left unclassified.
///
/// Everything that follows from a reason is asked here, and each question names every case: a new one cannot be
/// forgotten by any of them.
public enum OutcomeReason: String, Hashable, Sendable, CaseIterable {
    /// HTTP 2xx with body status 100: the verdict is the body's, not the HTTP code.
    case success
    /// The host name did not resolve.
    case nameNotResolved = "name_not_resolved"
    /// The connection was refused, or there was no route.
    case connectionRefused = "connection_refused"
    /// No connection within its time limit; no byte of the body was sent.
    case connectTimeout = "connect_timeout"
    /// The TLS handshake failed: certificate, host name or protocol.
    case tlsFailed = "tls_failed"
    /// Any other failure before the body left.
    case notSent = "not_sent"
    /// The token of this number could not be read.
    case tokenUnavailable = "token_unavailable"
    /// Body status 401.
    case authenticationRefused = "authentication_refused"
    /// Body status 403.
    case balanceRefused = "balance_refused"
    /// HTTP 429, or the vendor's own word for it.
    case rateLimited = "rate_limited"
    /// An HTTP 4xx that is decided before a request is carried out: see ``init(httpStatus:)``.
    case clientError = "client_error"
    /// HTTP 403 without an answer of the vendor's own: a firewall, or another system before it.
    case forbidden
    /// The vendor says that the number has had too many attempts, and is blocked for hours.
    case tooManyAttempts = "too_many_attempts"
    /// The vendor says that the account is blocked.
    case accountBlocked = "account_blocked"
    /// A well-formed answer with a body status that is none of the above.
    case vendorRefused = "vendor_refused"
    /// Body status 101: service unavailable.
    case serviceUnavailable = "service_unavailable"
    /// HTTP 5xx.
    case serverError = "server_error"
    /// Another HTTP status: a redirect (never followed), a 4xx that a proxy may say of a request that was carried out, or
    /// one whose body claims success.
    case unexpectedStatus = "unexpected_status"
    /// No complete answer within the request's time limit.
    case timeout
    /// The connection ended after the body left and before the answer was complete.
    case connectionLost = "connection_lost"
    /// The answer's body was larger than the limit.
    case oversized
    /// The answer's body was not a JSON object with a numeric `status`.
    case malformed
    /// The daemon stopped between sending and answer.
    case daemonStopped = "daemon_stopped"

    /// The verdict that follows from the reason.
    public var verdict: Verdict {
        switch self {
        case .success: .accepted
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .tooManyAttempts, .accountBlocked:
            .noEffect
        case .vendorRefused: .refused
        case .forbidden, .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized,
            .malformed, .daemonStopped:
            .inDoubt
        }
    }

    /// Whether the request certainly never reached the vendor, so that it is no write to the number.
    public var neverLeft: Bool {
        switch self {
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable: true
        case .success, .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .forbidden,
            .tooManyAttempts,
            .accountBlocked, .vendorRefused, .serviceUnavailable, .serverError, .unexpectedStatus, .timeout,
            .connectionLost, .oversized, .malformed, .daemonStopped:
            false
        }
    }

    /// What an end for this reason says about the endpoint. A refused token is the token's affair, not the endpoint's.
    public var saysOfEndpoint: EndpointWord {
        switch self {
        case .success, .rateLimited, .tooManyAttempts, .vendorRefused: .up
        case .authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked: .refusesAccount
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .serviceUnavailable,
            .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed:
            .down
        case .tokenUnavailable, .daemonStopped: .nothing
        }
    }

    /// Why a number waits after this failure, when that is for somebody to put right and not for time.
    var holdReason: DecisionReason? {
        switch self {
        case .authenticationRefused: .authenticationRefused
        case .balanceRefused: .balanceRefused
        case .success, .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .rateLimited, .clientError, .forbidden, .tooManyAttempts, .accountBlocked, .vendorRefused,
            .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed,
            .daemonStopped:
            nil
        }
    }

    /// It in words, without a full stop.
    public var sentence: String {
        switch self {
        case .success: "done"
        case .nameNotResolved: "the endpoint's host name does not resolve; nothing was sent"
        case .connectionRefused: "the endpoint refused the connection; nothing was sent"
        case .connectTimeout: "no connection to the endpoint in time; nothing was sent"
        case .tlsFailed: "the endpoint's TLS certificate or handshake failed; nothing was sent"
        case .notSent: "the request could not be sent"
        case .tokenUnavailable: "the token cannot be read; nothing was sent"
        case .authenticationRefused: "the vendor refused the token"
        case .balanceRefused: "the vendor says that the balance is insufficient"
        case .rateLimited: "the vendor is limiting requests"
        case .clientError: "the vendor rejected the request"
        case .forbidden: "a system before the vendor, such as a firewall, forbade it; it may still have been done"
        case .tooManyAttempts: "the vendor blocks the number for hours: it has had too many attempts"
        case .accountBlocked: "the vendor has blocked the account"
        case .vendorRefused: "the vendor refused"
        case .serviceUnavailable: "the vendor's service is unavailable; it may still have been done"
        case .serverError: "the vendor's server failed; it may still have been done"
        case .unexpectedStatus: "an unexpected HTTP answer; it may still have been done"
        case .timeout: "no answer in time; it may still be done"
        case .connectionLost: "the connection ended before the answer; it may still be done"
        case .oversized: "the answer was too large to read; it may have been done"
        case .malformed: "the answer could not be understood; it may have been done"
        case .daemonStopped: "the daemon stopped before the answer; it may have been done"
        }
    }
}

extension OutcomeReason {
    /// What an HTTP status of 400 to 599 proves by itself, when its body is no verdict of the vendor's.
    ///
    /// A status proves that nothing was carried out only where it is decided from the request's head, or before the request
    /// is looked at: 401, 404, 405, 413, 414, 415, 429, 431 (RFC 9110, section 15.5; RFC 6585, sections 4 and 5). Proxies say
    /// any other of requests that were carried out: 408 and 499 of answers that came too late, 409 and 425 of repetitions.
    public init(httpStatus: Int) {
        switch httpStatus {
        case 401: self = .authenticationRefused
        case 404, 405, 413, 414, 415, 431: self = .clientError
        case 429: self = .rateLimited
        case 403: self = .forbidden
        case 500..<600: self = .serverError
        default: self = .unexpectedStatus
        }
    }
}
