/// The limits and times that decisions obey; from the settings file.
public struct Policy: Sendable {
    /// Requests a minute to one endpoint; nil lifts the limit.
    public var requestsPerMinute: Int? = 60
    /// Requests a minute of one observer; nil lifts the limit.
    public var observationsPerMinute: Int? = 60
    /// Requests an hour to one number; nil lifts the limit.
    public var writesPerHour: Int? = 20
    /// Requests an hour to one number while it is exposed; nil lifts the limit.
    public var writesPerHourExposed: Int? = 120
    /// Requests in flight at once, at most ``mostConcurrent``; nil lifts the limit, up to ``concurrencyWhenLifted``.
    public var concurrency: Int? = 8
    /// Numbers that we expose at once; nil lifts the limit.
    public var maxExposed: Int? = 4
    /// The share of managed numbers that one new desired state may disable or drop; nil lifts the limit.
    public var maxWeakenedPercent: Int? = 20

    /// The time that one request may take, connection to last byte.
    public var requestTimeout: Duration = .seconds(15)
    /// How long a request without an answer may still land.
    public var settleDelay: Duration = .seconds(600)
    /// The first backoff.
    public var backoffMin: Duration = .seconds(2)
    /// The longest backoff.
    public var backoffMax: Duration = .seconds(3600)
    /// The longest backoff of an exposed number.
    public var backoffMaxExposed: Duration = .seconds(30)
    /// How long a clean stop may take.
    public var shutdownGrace: Duration = .seconds(25)

    /// The offsets of an IANA time zone; nil when there is no such zone. Where the answer for a name changes, the engine gets
    /// `zonesChanged`.
    public var zones: @Sendable (String) -> ZoneOffsets? = { $0 == "UTC" ? .utc : nil }

    /// The defaults of the design.
    public init() {}

    /// The highest limit of requests in flight that is kept.
    public static let mostConcurrent = 1024
    /// The bound on requests in flight when their limit is lifted.
    public static let concurrencyWhenLifted = 256

    /// What holds where the settings say nothing.
    public static let standard = Policy()
}
