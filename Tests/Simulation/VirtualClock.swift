import Planning

/// Two clocks: time that only runs forward, and the wall clock, which can be set.
struct VirtualClock {
    /// Milliseconds since the simulation began.
    private(set) var elapsed: Milliseconds = 0
    /// The difference between the wall clock and the elapsed time.
    private var offset: Milliseconds
    /// The latest instant that the wall clock has shown.
    private(set) var latestWall: Instant

    init(start: Instant) {
        offset = start.millisecondsSinceEpoch
        latestWall = start
    }

    /// The time on the wall clock.
    var wall: Instant { wall(at: elapsed) }

    /// The time on both clocks.
    var moment: Moment { Moment(wall: wall, steady: SteadyInstant(milliseconds: elapsed)) }

    /// Returns the earlier of the two instants, unless the wall clock is set; nil for none.
    func earliest(wall: Instant?, steady: SteadyInstant?) -> Milliseconds? {
        [wall.map(moment(of:)), steady?.milliseconds].compactMap(\.self).min()
    }

    /// The lag of the wall clock behind the latest instant that it has shown.
    var behind: Milliseconds { max(0, latestWall.millisecondsSinceEpoch - wall.millisecondsSinceEpoch) }

    /// Returns the time on the wall clock at `moment`, unless it is set.
    func wall(at moment: Milliseconds) -> Instant {
        Instant(millisecondsSinceEpoch: moment + offset)
    }

    /// Returns the moment at which the wall clock shows `instant`, unless it is set.
    func moment(of instant: Instant) -> Milliseconds {
        instant.millisecondsSinceEpoch - offset
    }

    mutating func advance(to moment: Milliseconds) {
        precondition(moment >= elapsed, "time runs forward")
        elapsed = moment
        latestWall = max(latestWall, wall)
    }

    /// Sets the wall clock forward, or back when negative.
    mutating func jump(by milliseconds: Milliseconds) {
        offset += milliseconds
        latestWall = max(latestWall, wall)
    }
}
