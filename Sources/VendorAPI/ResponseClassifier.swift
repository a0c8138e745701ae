public import Planning

/// Judges the end of an exchange: one total function, and when in doubt, it is in doubt.
public enum ResponseClassifier {
    /// The longest vendor's message that is kept, in Unicode scalars.
    public static let longestMessage = 200

    /// The outcome of an exchange.
    ///
    /// - Parameters:
    ///   - end: how the exchange ended.
    ///   - now: for a `Retry-After` that names a date.
    ///   - secrets: texts that are replaced wherever they appear in a message; a vendor may echo the token.
    ///   - others: the secrets that we hold besides; a vendor may confuse its customers.
    public static func classify(
        _ end: ExchangeEnd, now: Instant, secrets: [String], others: SecretIndex = SecretIndex()
    ) -> Outcome {
        let secrets = Secrets(own: secrets, others: others)
        switch end {
        case .notSent(let reason, let message):
            precondition(reason.neverLeft, "a request that was not sent has a reason that says so")
            return Outcome(reason, message: clean(message, secrets))
        case .timedOut: return Outcome(.timeout)
        case .lost(let message): return Outcome(.connectionLost, message: clean(message, secrets))
        case .answered(let answer): return classify(answer, now: now, secrets: secrets)
        }
    }

    private static func classify(_ answer: ExchangeEnd.Answer, now: Instant, secrets: Secrets) -> Outcome {
        var body: AnswerBody?
        if case .complete(let bytes) = answer.body { body = AnswerBody(bytes) }
        let reason: OutcomeReason
        switch answer.status {
        case 200..<300: reason = verdict(of: answer, body)
        case 400..<500: reason = clientError(answer.status, body)
        case 500..<600: reason = .serverError
        default: reason = .unexpectedStatus
        }
        return Outcome(
            reason, httpStatus: answer.status, apiStatus: body?.status,
            message: body?.message.map { clean($0, secrets) } ?? transportMessage(answer.body, secrets),
            retryAfter: answer.retryAfter.flatMap { RetryAfter.delay($0, now: now) }
        )
    }

    /// The verdict is the body's status, not the HTTP code.
    private static func verdict(of answer: ExchangeEnd.Answer, _ body: AnswerBody?) -> OutcomeReason {
        switch answer.body {
        case .oversized: return .oversized
        case .timedOut: return .timeout
        case .truncated: return .connectionLost
        case .complete: break
        }
        guard let body else { return .malformed }
        switch body.status {
        case 100: return .success
        case 101: return .serviceUnavailable
        case 401: return .authenticationRefused
        case 403: return .balanceRefused
        default: return .vendorRefused
        }
    }

    /// A 4xx was refused before processing; one whose body claims success contradicts itself and proves nothing.
    private static func clientError(_ status: Int, _ body: AnswerBody?) -> OutcomeReason {
        if body?.status == 100 || body?.status == 101 { return .unexpectedStatus }
        if status == 429 { return .rateLimited }
        switch body?.status {
        case 401: return .authenticationRefused
        case 403: return .balanceRefused
        default: return status == 401 ? .authenticationRefused : .clientError
        }
    }

    private static func transportMessage(_ body: ExchangeEnd.Answer.Body, _ secrets: Secrets) -> String? {
        if case .truncated(let message) = body { return clean(message, secrets) }
        return nil
    }

    private static func clean(_ message: String, _ secrets: Secrets) -> String {
        Redaction.clean(message, secrets: secrets.own, others: secrets.others, longest: longestMessage)
    }

    private struct Secrets {
        let own: [String]
        let others: SecretIndex
    }
}
