/// The verdict on a request, as far as the belief is concerned. The raw values are those of `history`.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// The body's status was 100; the belief is narrowed to what that proves.
    case accepted
    /// Certainly not carried out: never sent, or refused before it was processed; the belief is as it was before.
    case noEffect = "no_effect"
    /// A well-formed answer with another status; the belief stays widened.
    case refused
    /// Everything else: it may have been carried out, or may still be; the belief stays widened, and the doubt has to
    /// settle.
    case inDoubt = "in_doubt"
}

/// The classified end of one request.
public struct Outcome: Hashable, Sendable {
    /// The reason for the end; it decides the ``verdict``.
    public let reason: OutcomeReason
    /// The HTTP status, when a response head was seen.
    public let httpStatus: Int?
    /// The `status` of the body, when there was one.
    public let apiStatus: Int?
    /// The vendor's message or the network's error: bounded, one line, free of secrets.
    public let message: String?
    /// The wait that the vendor asked for (`Retry-After`), at least zero.
    public let retryAfter: Duration?

    /// The verdict: the proof that the end of this request gives.
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
