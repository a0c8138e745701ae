/// An instant of the monotonic clock, for waits inside one process: setting the wall clock does not move it.
///
/// Its origin is arbitrary and differs between processes, so it is never stored.
public struct SteadyInstant: Hashable, Sendable, Comparable {
    /// Milliseconds since the origin.
    public let milliseconds: Int64

    public init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Returns the instant `duration` later, or earlier when it is negative.
    public func advanced(by duration: Duration) -> SteadyInstant {
        SteadyInstant(milliseconds: milliseconds + duration.milliseconds)
    }

    /// Returns the time from this instant to `other`, negative when that is earlier.
    public func duration(to other: SteadyInstant) -> Duration {
        .milliseconds(other.milliseconds - milliseconds)
    }

    /// An instant that never comes.
    public static let distantFuture = SteadyInstant(milliseconds: .max / 2)

    public static func < (left: SteadyInstant, right: SteadyInstant) -> Bool { left.milliseconds < right.milliseconds }
}

/// One moment on both clocks.
public struct Moment: Hashable, Sendable {
    /// The wall clock, which may be set.
    public let wall: Instant
    /// The monotonic clock.
    public let steady: SteadyInstant

    public init(wall: Instant, steady: SteadyInstant) {
        self.wall = wall
        self.steady = steady
    }

    /// Returns the time that the wall clock shows at `instant`, unless it is set.
    public func wall(at instant: SteadyInstant) -> Instant { wall.advanced(by: steady.duration(to: instant)) }

    /// Returns the instant at which the wall clock shows `instant`, unless it is set.
    public func steady(at instant: Instant) -> SteadyInstant { steady.advanced(by: wall.duration(to: instant)) }
}
