/// The limits and times that decisions obey, from the settings file.
public struct Policy: Sendable {
    /// The maximum requests a minute to one endpoint; nil lifts the limit.
    public var requestsPerMinute: Int? = 60
    /// The maximum requests a minute of one observer; nil lifts the limit.
    public var observationsPerMinute: Int? = 60
    /// The maximum requests an hour to one number; nil lifts the limit.
    public var writesPerHour: Int? = 20
    /// The maximum requests an hour to one number while it is exposed; nil lifts the limit.
    public var writesPerHourExposed: Int? = 120
    /// The maximum requests in flight, at most ``maxConcurrency``; nil lifts the limit, up to
    /// ``concurrencyWhenLifted``.
    public var concurrency: Int? = 8
    /// The maximum count of numbers that we expose at once; nil lifts the limit.
    public var maxExposed: Int? = 4
    /// The maximum percentage of managed numbers that one new desired state may disable or drop; nil lifts the limit.
    public var maxWeakenedPercent: Int? = 20

    /// The timeout of one request, from connection to last byte.
    public var requestTimeout: Duration = .seconds(15)
    /// The time for which a request without an answer may still take effect.
    public var settleDelay: Duration = .seconds(600)
    /// The first backoff.
    public var backoffMin: Duration = .seconds(2)
    /// The maximum backoff.
    public var backoffMax: Duration = .seconds(3600)
    /// The maximum backoff of an exposed number.
    public var backoffMaxExposed: Duration = .seconds(30)
    /// The timeout of a clean stop.
    public var shutdownGrace: Duration = .seconds(25)

    /// Returns the offsets of an IANA time zone; nil when there is no such zone. When the result for a name changes,
    /// the engine receives `zonesChanged`.
    public var zones: @Sendable (String) -> ZoneOffsets? = { $0 == "UTC" ? .utc : nil }

    /// Creates the policy with the defaults of the design.
    public init() {}

    /// The maximum limit of requests in flight; a higher one is reduced to it.
    public static let maxConcurrency = 1024
    /// The bound on requests in flight when their limit is lifted.
    public static let concurrencyWhenLifted = 256

    /// The policy with default settings.
    public static let standard = Policy()
}
