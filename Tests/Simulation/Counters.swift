/// The counts of a simulation's events.
public struct Counters: Hashable, Sendable {
    public var events = 0
    public var requests = 0
    public var crashes = 0
    public var cleanStops = 0
    public var edits = 0
    public var invalidFiles = 0
    /// Files that were held by the guard of the desired state.
    public var heldStates = 0
    /// Pauses, resumes, and work ordered outside the schedule.
    public var orders = 0
    public var outages = 0
    public var clockJumps = 0
    public var storeFailures = 0
    /// Commits of one number that the store refused.
    public var refusals = 0
    /// Commits that were dropped because another writer had changed the row.
    public var outdated = 0
    public var lateLandings = 0
    /// Older copies of the store that were put back.
    public var restores = 0
    public var rotations = 0
    /// Requests of ours that turned off a number that should be enabled.
    public var exposures = 0
    /// Questions to observers, and changes by others.
    public var observations = 0
    public var strangers = 0
    /// Requests that were pruned from the history.
    public var prunedChanges = 0
    /// The count of times that a number of ours was off in a healthy period, the maximum duration in ms, and the count
    /// of times that exceeded a fast vendor's duration.
    public var offTimes = 0
    public var longestOff: Int64 = 0
    public var slowOffTimes = 0
    /// Requests of urgent numbers in a healthy period, and the maximum wait of one, in ms.
    public var urgentRequests = 0
    public var longestUrgentWait: Int64 = 0
    /// Exposed numbers whose clock was corrected, and the maximum time until one was enabled, in ms.
    public var correctedClocks = 0
    public var longestClockDelay: Int64 = 0
    /// Stops with a healthy vendor.
    public var healthyStops = 0
    /// Simulated time in milliseconds.
    public var virtualMilliseconds: Int64 = 0
    /// Requests by the fault that they met.
    public var faults: [Fault: Int] = [:]

    public init() {}
}
