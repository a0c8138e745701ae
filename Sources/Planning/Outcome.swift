/// How a request ended, as far as the belief is concerned. The raw values are those of `history`.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// The vendor says that it was done: body status 100.
    case accepted
    /// Certainly not done: never sent, or refused before processing.
    case noEffect = "no_effect"
    /// A well-formed answer with another body status.
    case refused
    /// Anything else: it may have been done, or may still be.
    case inDoubt = "in_doubt"
}

/// Why a request ended as it did; a closed list, so that nothing is left unclassified.
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
    /// HTTP 429.
    case rateLimited = "rate_limited"
    /// Another HTTP 4xx.
    case clientError = "client_error"
    /// A well-formed answer with a body status that is none of the above.
    case vendorRefused = "vendor_refused"
    /// Body status 101: service unavailable.
    case serviceUnavailable = "service_unavailable"
    /// HTTP 5xx.
    case serverError = "server_error"
    /// Another HTTP status: a redirect (never followed), or a 4xx whose body claims success.
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
            .authenticationRefused, .balanceRefused, .rateLimited, .clientError:
            .noEffect
        case .vendorRefused: .refused
        case .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed,
            .daemonStopped:
            .inDoubt
        }
    }

    /// Whether the request certainly never reached the vendor, so that it is no write to the number.
    public var neverLeft: Bool {
        switch self {
        case .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable: true
        case .success, .authenticationRefused, .balanceRefused, .rateLimited, .clientError, .vendorRefused,
            .serviceUnavailable, .serverError, .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed,
            .daemonStopped:
            false
        }
    }
}

/// The classified end of one request.
public struct Outcome: Hashable, Sendable {
    /// Why it ended so; it decides the ``verdict``.
    public let reason: OutcomeReason
    /// The HTTP status, when a response head was seen.
    public let httpStatus: Int?
    /// The `status` of the body, when there was one.
    public let apiStatus: Int?
    /// The vendor's message or the network's error: bounded, one line, free of secrets.
    public let message: String?
    /// How long the vendor asked us to wait (`Retry-After`), at least zero.
    public let retryAfter: Duration?

    /// The verdict: what the end of this request proves.
    public var verdict: Verdict { reason.verdict }

    public init(
        _ reason: OutcomeReason, httpStatus: Int? = nil, apiStatus: Int? = nil, message: String? = nil,
        retryAfter: Duration? = nil
    ) {
        self.reason = reason
        self.httpStatus = httpStatus
        self.apiStatus = apiStatus
        self.message = message
        self.retryAfter = retryAfter
    }
}
