/// The reason why a request ended as it did; a closed list, so that no end is left unclassified.
///
/// Every consequence of a reason is decided here, and each decision lists every case, so that a new case cannot be
/// forgotten in any of them.
public enum OutcomeReason: String, Hashable, Sendable, CaseIterable {
    /// HTTP 2xx, and the body's status is 100, or its `success` is true.
    case success
    /// The endpoint's host name does not resolve.
    case nameNotResolved = "name_not_resolved"
    /// Nothing listens there, or there is no route.
    case connectionRefused = "connection_refused"
    /// No connection in time.
    case connectTimeout = "connect_timeout"
    /// Certificate, host name or protocol.
    case tlsFailed = "tls_failed"
    /// Any other failure before the body left.
    case notSent = "not_sent"
    /// The number's token cannot be read.
    case tokenUnavailable = "token_unavailable"
    /// HTTP 401, the body's status 401, or code 190, 3, 10 or 200 to 299: the token, its permissions, or an IP address
    /// that it is not meant for.
    case authenticationRefused = "authentication_refused"
    /// The body's status is 403.
    case balanceRefused = "balance_refused"
    /// HTTP 429, or code 4, 17, 32, 613, 80007 or 130429.
    case rateLimited = "rate_limited"
    /// HTTP 404, 405, 413, 414, 415 or 431: a request is refused before it is carried out.
    case clientError = "client_error"
    /// HTTP 403 without an answer of the vendor's own: a firewall.
    case forbidden
    /// Status or code 133016: WhatsApp blocks the number for hours.
    case tooManyAttempts = "too_many_attempts"
    /// Code 368 or 131031.
    case accountBlocked = "account_blocked"
    /// A well-formed answer with another status or code.
    case vendorRefused = "vendor_refused"
    /// The body's status is 101, or its code 1 or 2.
    case serviceUnavailable = "service_unavailable"
    /// HTTP 5xx.
    case serverError = "server_error"
    /// Another HTTP status: a redirect, another 4xx, which a proxy may send for a request that was carried out, or one
    /// whose body claims success.
    case unexpectedStatus = "unexpected_status"
    /// No complete answer in time.
    case timeout
    /// It ended after the body had left.
    case connectionLost = "connection_lost"
    /// The answer was larger than 64 KiB.
    case oversized
    /// The answer is not a JSON object that reports success or a failure.
    case malformed
    /// The daemon ended between sending and answer.
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

    /// True when the request certainly never reached the vendor, so that it does not count as a write to the number.
    public var neverSent: Bool {
        switch self {
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable: true
        case .success, .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .forbidden,
            .tooManyAttempts,
            .accountBlocked, .vendorRefused, .serviceUnavailable, .serverError, .unexpectedStatus, .timeout,
            .connectionLost, .oversized, .malformed, .daemonStopped:
            false
        }
    }

    /// The conclusion about the endpoint. A refused token is a problem of the token, not of the endpoint.
    public var endpointSignal: EndpointSignal {
        switch self {
        case .success, .rateLimited, .tooManyAttempts, .vendorRefused: .up
        case .authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked: .refusesAccount
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .serviceUnavailable,
            .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed:
            .down
        case .tokenUnavailable, .daemonStopped: .nothing
        }
    }

    /// The reason to hold the number after this failure, when an operator has to correct it; nil when waiting may be
    /// enough.
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

    /// The reason in words, without a full stop.
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
        case .forbidden:
            "a system in front of the vendor, such as a firewall, rejected it; it may have been carried out"
        case .tooManyAttempts: "the vendor blocks the number for hours after too many attempts"
        case .accountBlocked: "the vendor has blocked the account"
        case .vendorRefused: "the vendor refused"
        case .serviceUnavailable: "the vendor's service is unavailable; it may have been carried out"
        case .serverError: "the vendor's server failed; it may have been carried out"
        case .unexpectedStatus: "an unexpected HTTP answer; it may have been carried out"
        case .timeout: "no answer in time; it may still be carried out"
        case .connectionLost: "the connection ended before the answer; it may still be carried out"
        case .oversized: "the answer was too large to read; it may have been carried out"
        case .malformed: "the answer could not be understood; it may have been carried out"
        case .daemonStopped: "the daemon stopped before the answer; it may have been carried out"
        }
    }
}

extension OutcomeReason {
    /// Creates the reason that an HTTP status of 400 to 599 proves by itself, when its body is no verdict of the
    /// vendor's.
    ///
    /// A status proves that nothing was carried out only when it is decided from the request's head, or before the
    /// request is read: 401, 404, 405, 413, 414, 415, 429, 431 (RFC 9110, section 15.5; RFC 6585, sections 4 and 5).
    /// Proxies send any other for requests that were carried out: 408 and 499 for answers that came too late, 409 and
    /// 425 for repetitions.
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
