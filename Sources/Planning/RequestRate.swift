/// How many requests a minute an endpoint gets: the setting, less while the endpoint limits requests itself.
///
/// It halves when the endpoint limits different numbers, and recovers by a tenth of the setting a minute. So a fleet slows
/// down together instead of asking for the full rate for ever.
public struct RequestRate: Hashable, Sendable {
    /// Two different numbers that are limited within this time mean the endpoint and not the number.
    public static let agreement: Duration = .seconds(60)
    /// One cycle needs two requests: less would expose a number for longer than a minute.
    public static let least = 2
    /// The rate that halving begins from when the setting lifts the limit.
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

    /// The requests that a minute may hold at `now`; nil lifts the limit.
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
    ///   - number: whose request it was.
    ///   - limit: the setting: requests a minute; nil for none.
    ///   - isOfAccount: whether limits are the account's by the vendor's own word, whichever number meets them.
    ///   - now: when the answer was seen.
    /// - Returns: whether it means the account: by that word, or because another number was limited within a minute before.
    public mutating func recordLimited(
        _ number: PhoneNumber, limit: Int?, isOfAccount: Bool = false, now: SteadyInstant
    ) -> Bool {
        defer { limited = Limited(number: number, at: now) }
        if !isOfAccount {
            guard let limited, limited.number != number, limited.at.duration(to: now) <= Self.agreement else {
                return false
            }
        }
        // One answer after the other of what was on its way halves it once.
        if let changedAt, changedAt.duration(to: now) < .seconds(10), reduced != nil { return true }
        let current = permitted(limit: limit, now: now) ?? Self.whenLifted
        reduced = max(Self.least, current / 2)
        changedAt = now
        return true
    }
}
