/// A point in wall-clock time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Due times, doubt times and history are wall-clock times, because they must survive a restart and a suspend. The text
/// form is UTC ISO 8601 with exactly three fraction digits, so that text order is time order.
public struct Instant: InstantProtocol, Hashable, Sendable {
    /// Milliseconds since the Unix epoch; negative before it.
    public let millisecondsSinceEpoch: Int64

    /// An instant from milliseconds since the Unix epoch.
    public init(millisecondsSinceEpoch: Int64) {
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    /// Returns this instant moved by `duration`, rounded towards zero to a millisecond and clamped to the years 1 to
    /// 9999.
    public func advanced(by duration: Duration) -> Instant {
        let (sum, overflow) = millisecondsSinceEpoch.addingReportingOverflow(duration.milliseconds)
        guard !overflow else { return duration.milliseconds > 0 ? .distantFuture : .distantPast }
        return min(max(Instant(millisecondsSinceEpoch: sum), .distantPast), .distantFuture)
    }

    /// Returns the time from this instant to `other`; negative when `other` is earlier.
    public func duration(to other: Instant) -> Duration {
        .milliseconds(other.millisecondsSinceEpoch - millisecondsSinceEpoch)
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
    }

    /// 0001-01-01T00:00:00.000Z, the earliest instant with a text form.
    public static let distantPast = Instant(millisecondsSinceEpoch: -62_135_596_800_000)
    /// 9999-12-31T23:59:59.999Z, the latest instant with a text form.
    public static let distantFuture = Instant(millisecondsSinceEpoch: 253_402_300_799_999)
}

extension Duration {
    /// The whole milliseconds of this duration, rounded towards zero and clamped to the range of `Int64`.
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds > 0 ? .max : .min }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000_000_000)
        guard !carry else { return seconds > 0 ? .max : .min }
        return sum
    }
}
