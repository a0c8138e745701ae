/// The requests a minute that an endpoint receives: the setting, reduced while the endpoint limits requests itself.
///
/// The rate halves when the endpoint limits different numbers, and recovers by a tenth of the setting a minute. So a
/// fleet slows down together instead of sending at the full rate for ever.
public struct RequestRate: Hashable, Sendable {
    /// The time within which limits on two different numbers mean a limit of the endpoint, not of one number.
    public static let agreement: Duration = .seconds(60)
    /// The minimum rate. One cycle needs two requests: a lower rate would expose a number for longer than a minute.
    public static let minPerMinute = 2
    /// The rate that halving starts from when the setting lifts the limit.
    public static let whenLifted = 600

    private var reduced: Int?
    private var changedAt: SteadyInstant?
    private var limited: Limited?

    /// The last request that the endpoint limited.
    private struct Limited: Hashable, Sendable {
        let number: PhoneNumber
        let at: SteadyInstant
    }

    public init() {}

    /// Returns the permitted requests a minute at `now`; nil lifts the limit.
    public func permitted(limit: Int?, now: SteadyInstant) -> Int? {
        guard let reduced, let changedAt else { return limit }
        let full = limit ?? Self.whenLifted
        let minutes = Int(max(0, changedAt.duration(to: now).milliseconds) / 60_000)
        let recovered = reduced + minutes * max(1, full / 10)
        return recovered >= full ? limit : recovered
    }

    /// Records that a request of `number` was limited.
    ///
    /// - Parameters:
    ///   - number: the number of the request.
    ///   - limit: the setting, in requests a minute; nil for none.
    ///   - isOfAccount: true when the vendor documents that limits are the account's, whichever number meets them.
    ///   - now: the time at which the answer was seen.
    /// - Returns: whether the limit is the account's, because the vendor documents it so or another number was limited
    ///   less than a minute before.
    public mutating func recordLimited(
        _ number: PhoneNumber, limit: Int?, isOfAccount: Bool = false, now: SteadyInstant
    ) -> Bool {
        defer { limited = Limited(number: number, at: now) }
        if !isOfAccount {
            guard let limited, limited.number != number, limited.at.duration(to: now) <= Self.agreement else {
                return false
            }
        }
        // Further answers to requests that were in flight at the time do not halve it again.
        if let changedAt, changedAt.duration(to: now) < .seconds(10), reduced != nil { return true }
        let current = permitted(limit: limit, now: now) ?? Self.whenLifted
        reduced = max(Self.minPerMinute, current / 2)
        changedAt = now
        return true
    }
}
