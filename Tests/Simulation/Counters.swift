/// What a simulation did.
public struct Counters: Hashable, Sendable {
    public var events = 0
    public var requests = 0
    public var crashes = 0
    public var cleanStops = 0
    public var edits = 0
    public var invalidFiles = 0
    /// Files that were held because they would weaken the fleet.
    public var heldStates = 0
    /// Pauses, resumes, and work ordered out of turn.
    public var orders = 0
    public var outages = 0
    public var clockJumps = 0
    public var storeFailures = 0
    /// Commits of one number that the store refused.
    public var refusals = 0
    /// Commits that were dropped because somebody else had written the row.
    public var outdated = 0
    public var lateLandings = 0
    /// Older copies of the store that were put back.
    public var restores = 0
    public var rotations = 0
    /// Requests of ours that left a number that should be enabled off.
    public var exposures = 0
    /// Questions to observers, and acts of others.
    public var observations = 0
    public var strangers = 0
    /// Requests that were too old to be kept.
    public var prunedChanges = 0
    /// How often a number of ours was off in a healthy period, for how long at most, in ms, and how often for longer than a
    /// fast vendor takes.
    public var offTimes = 0
    public var longestOff: Int64 = 0
    public var slowOffTimes = 0
    /// Requests of numbers that go first in a healthy period, and the longest that one waited, in ms.
    public var urgentRequests = 0
    public var longestUrgentWait: Int64 = 0
    /// Exposed numbers whose clock was corrected, and the longest until one was enabled, in ms.
    public var correctedClocks = 0
    public var longestClockDelay: Int64 = 0
    /// Stops with a healthy vendor.
    public var healthyStops = 0
    /// Simulated milliseconds.
    public var virtualMilliseconds: Int64 = 0
    /// Requests by what befell them.
    public var faults: [Fault: Int] = [:]

    public init() {}
}
