import Planning

/// Two clocks: time that only runs forward, and the wall clock, which can be set.
struct VirtualClock {
    /// Milliseconds since the simulation began.
    private(set) var elapsed: Milliseconds = 0
    /// What the wall clock shows beyond the elapsed time.
    private var offset: Milliseconds
    /// The latest instant that the wall clock has shown.
    private(set) var latestWall: Instant

    init(start: Instant) {
        offset = start.millisecondsSinceEpoch
        latestWall = start
    }

    /// What the wall clock shows.
    var wall: Instant { wall(at: elapsed) }

    /// What both clocks show.
    var moment: Moment { Moment(wall: wall, steady: SteadyInstant(milliseconds: elapsed)) }

    /// When the first of the two instants has come if nobody sets the wall clock; nil when there is none.
    func earliest(wall: Instant?, steady: SteadyInstant?) -> Milliseconds? {
        [wall.map(moment(of:)), steady?.milliseconds].compactMap(\.self).min()
    }

    /// How far the wall clock is behind the latest instant that it has shown.
    var behind: Milliseconds { max(0, latestWall.millisecondsSinceEpoch - wall.millisecondsSinceEpoch) }

    /// What the wall clock will show at `moment` if nobody sets it.
    func wall(at moment: Milliseconds) -> Instant {
        Instant(millisecondsSinceEpoch: moment + offset)
    }

    /// When the wall clock shows `instant` if nobody sets it.
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
