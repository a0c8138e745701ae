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
    public var rotations = 0
    /// Requests that were too old to be kept.
    public var prunedChanges = 0
    /// Simulated milliseconds.
    public var virtualMilliseconds: Int64 = 0
    /// Requests by what befell them.
    public var faults: [Fault: Int] = [:]

    public init() {}
}
