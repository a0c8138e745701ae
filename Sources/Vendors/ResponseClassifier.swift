public import Planning

/// Classifies the end of an exchange: one total function, whose result is `inDoubt` when anything is uncertain.
public enum ResponseClassifier {
    /// The maximum length of a vendor's message, in Unicode scalars.
    public static let maxMessageLength = 200

    /// Returns the outcome of an exchange.
    ///
    /// - Parameters:
    ///   - end: the end of the exchange.
    ///   - vendor: the vendor that was asked.
    ///   - now: the reference for a date in `Retry-After`.
    ///   - secrets: texts that are replaced wherever they appear in a message; a vendor may echo the token.
    ///   - others: the other secrets that we hold; a vendor may confuse its customers.
    public static func classify(
        _ end: ExchangeEnd, of vendor: Vendor, now: Instant, secrets: [String], others: SecretIndex = SecretIndex()
    ) -> Outcome {
        classify(end, now: now, secrets: secrets, others: others) { vendor.api.judge($0) }
    }

    /// Returns the outcome of an exchange whose answer `judge` classifies.
    static func classify(
        _ end: ExchangeEnd, now: Instant, secrets: [String], others: SecretIndex, judge: (VendorAnswer) -> Judgement
    ) -> Outcome {
        let secrets = Secrets(own: secrets, others: others)
        switch end {
        case .notSent(let reason, let message):
            precondition(reason.neverSent, "a request that was not sent has a reason that says so")
            return Outcome(reason, message: clean(message, secrets))
        case .timedOut: return Outcome(.timeout)
        case .lost(let message): return Outcome(.connectionLost, message: clean(message, secrets))
        case .answered(let answer): return classify(answer, now: now, secrets: secrets, judge: judge)
        }
    }

    private static func classify(
        _ answer: ExchangeEnd.Answer, now: Instant, secrets: Secrets, judge: (VendorAnswer) -> Judgement
    ) -> Outcome {
        var body: JSONObject?
        if case .complete(let bytes) = answer.body { body = JSONObject(bytes) }
        let judgement = judge(VendorAnswer(httpStatus: answer.status, body: body, secrets: secrets.own))
        let reason =
            switch answer.status {
            case 200..<300: loss(of: answer.body) ?? judgement.reason
            case 400..<600: judgement.reason
            // A redirect is never followed, and no vendor documents any other status.
            default: OutcomeReason.unexpectedStatus
            }
        return Outcome(
            reason, httpStatus: answer.status, apiStatus: judgement.apiStatus,
            message: judgement.message.map { clean($0, secrets, code: judgement.apiStatus) }
                ?? transportMessage(answer.body, secrets),
            retryAfter: answer.retryAfter.flatMap { RetryAfter.delay($0, date: answer.date, now: now) }
        )
    }

    /// Returns the reason why the body of a 2xx cannot be classified; nil when it is complete.
    private static func loss(of body: ExchangeEnd.Answer.Body) -> OutcomeReason? {
        switch body {
        case .complete: nil
        case .oversized: .oversized
        case .timedOut: .timeout
        case .truncated: .connectionLost
        }
    }

    private static func transportMessage(_ body: ExchangeEnd.Answer.Body, _ secrets: Secrets) -> String? {
        if case .truncated(let message) = body { return clean(message, secrets) }
        return nil
    }

    private static func clean(_ message: String, _ secrets: Secrets, code: Int? = nil) -> String {
        Redaction.clean(message, secrets: secrets.own, others: secrets.others, code: code, longest: maxMessageLength)
    }

    private struct Secrets {
        let own: [String]
        let others: SecretIndex
    }
}
