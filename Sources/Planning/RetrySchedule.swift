/// Exponential backoff with full jitter: uniform between nothing and a ceiling that doubles with each failure.
///
/// Source of the method: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
public enum RetrySchedule {
    /// The longest wait that is kept of those that an endpoint asks for: an hour, as long as any backoff. A number may be
    /// exposed meanwhile, and a vendor's mistake must not keep it so for longer.
    public static let longestRetryAfter: Duration = .seconds(3600)

    /// The first wait after a refusal that names a long block of the number; it doubles with each further one.
    public static let shortestBlock: Duration = .seconds(3600)
    /// The longest wait after such a refusal: WhatsApp's own block lasts for 72 hours from the last attempt.
    public static let longestBlock: Duration = .seconds(86_400)

    /// The longest wait after `attempts` failures in a row (1 or more): `minimum`, doubled each time, at most `maximum`.
    public static func ceiling(attempts: Int, minimum: Duration, maximum: Duration) -> Duration {
        var ceiling = min(minimum, maximum)
        // 2 to the power of 40 milliseconds is 34 years: past any maximum.
        for _ in 1..<max(2, min(attempts, 40)) where attempts > 1 {
            ceiling = min(ceiling * 2, maximum)
        }
        return ceiling
    }

    /// The wait after a refusal that names a long block of the number, the first one or after `attempts` failures in a row: half of a ceiling that
    /// doubles from twice ``shortestBlock``, up to ``longestBlock``, and up to as much again by chance.
    public static func block(attempts: Int, jitter: Double) -> Duration {
        let ceiling = ceiling(attempts: attempts, minimum: shortestBlock * 2, maximum: longestBlock)
        return .milliseconds(Int64(Double(ceiling.milliseconds) * (1 + jitter) / 2))
    }

    /// The wait after `attempts` failures in a row.
    ///
    /// - Parameters:
    ///   - attempts: failures in a row, at least one.
    ///   - exposed: whether the number is exposed, which shortens the longest wait.
    ///   - policy: the shortest and the longest waits.
    ///   - jitter: uniform in 0..<1.
    ///   - retryAfter: the vendor's own word; the wait is never shorter.
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
    /// The longest that the number can have been made to wait after its last failure. A stored wait that ends later was
    /// set by a clock that has been corrected since, and counts as over.
    public func longestRetry(under policy: Policy) -> Duration {
        switch lastFailure {
        case .rateLimited, .serverError, .serviceUnavailable: RetrySchedule.longestRetryAfter
        case .tooManyAttempts: RetrySchedule.longestBlock
        case .success, .nameNotResolved, .connectionRefused, .connectTimeout, .tlsFailed, .notSent, .tokenUnavailable,
            .authenticationRefused, .balanceRefused, .clientError, .forbidden, .accountBlocked, .vendorRefused,
            .unexpectedStatus, .timeout, .connectionLost, .oversized, .malformed, .daemonStopped, nil:
            isExposed
                ? min(policy.backoffMaxExposed, policy.backoffMax)
                : RetrySchedule.ceiling(attempts: attempts, minimum: policy.backoffMin, maximum: policy.backoffMax)
        }
    }
}
