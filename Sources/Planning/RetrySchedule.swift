/// Exponential backoff with full jitter: uniform between zero and a ceiling that doubles with each failure.
///
/// Source of the method: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public enum RetrySchedule {
    /// The maximum Retry-After that is obeyed: an hour, as long as any backoff. A number may be exposed meanwhile, and
    /// a vendor's mistake must not prolong that.
    public static let maxRetryAfter: Duration = .seconds(3600)

    /// The first wait after a refusal that reports a long block of the number; it doubles with each further one.
    public static let minBlock: Duration = .seconds(3600)
    /// The maximum wait after such a refusal: WhatsApp's own block lasts for 72 hours from the last attempt.
    public static let maxBlock: Duration = .seconds(86_400)

    /// Returns the maximum wait after `attempts` failures in a row (1 or more): `minimum`, doubled each time, at most
    /// `maximum`.
    public static func ceiling(attempts: Int, minimum: Duration, maximum: Duration) -> Duration {
        var ceiling = min(minimum, maximum)
        // 2 to the power of 40 milliseconds is 34 years: past any maximum.
        for _ in 1..<max(2, min(attempts, 40)) where attempts > 1 {
            ceiling = min(ceiling * 2, maximum)
        }
        return ceiling
    }

    /// Returns the wait after a refusal that reports a long block of the number, where `attempts` counts such failures
    /// in a row, 1 or more. It is half of a ceiling plus a random share of the other half; the ceiling doubles from
    /// twice ``minBlock`` up to ``maxBlock``.
    public static func block(attempts: Int, jitter: Double) -> Duration {
        let ceiling = ceiling(attempts: attempts, minimum: minBlock * 2, maximum: maxBlock)
        return .milliseconds(Int64(Double(ceiling.milliseconds) * (1 + jitter) / 2))
    }

    /// Returns the wait after `attempts` failures in a row.
    ///
    /// - Parameters:
    ///   - attempts: failures in a row, at least one.
    ///   - exposed: true when the number is exposed, which shortens the maximum wait.
    ///   - policy: the minimum and maximum waits.
    ///   - jitter: uniform in 0..<1.
    ///   - retryAfter: the wait that the vendor asked for; the result is never shorter.
    public static func delay(
        attempts: Int, exposed: Bool, policy: Policy, jitter: Double, retryAfter: Duration?
    ) -> Duration {
        precondition((0..<1).contains(jitter), "jitter is in 0..<1")
        let maximum = exposed ? min(policy.backoffMaxExposed, policy.backoffMax) : policy.backoffMax
        let ceiling = ceiling(attempts: attempts, minimum: policy.backoffMin, maximum: maximum)
        let jittered = Duration.milliseconds(Int64(Double(ceiling.milliseconds) * jitter))
        return max(jittered, retryAfter ?? .zero)
    }
}

extension NumberRecord {
    /// Returns the maximum wait that the last failure can have caused. A stored wait that ends later was set by a clock
    /// that has been corrected since, and counts as over.
    public func maxRetryDelay(under policy: Policy) -> Duration {
        switch lastFailure {
        case .rateLimited, .serverError, .serviceUnavailable: RetrySchedule.maxRetryAfter
        case .tooManyAttempts: RetrySchedule.maxBlock
        case .success, .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked, .vendorRefused,
            .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed, .daemonStopped, nil:
            isExposed
                ? min(policy.backoffMaxExposed, policy.backoffMax)
                : RetrySchedule.ceiling(attempts: attempts, minimum: policy.backoffMin, maximum: policy.backoffMax)
        }
    }
}
