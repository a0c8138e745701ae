public import Planning

/// What happened, for the engine. Each event is handled completely before the next.
public enum EngineEvent: Sendable {
    /// The store is open and interrupted requests have been accounted for.
    case started(EngineStart)
    /// The wake timer reached an instant that it was armed for.
    case timerFired
    /// The store answered a `load`.
    case loaded(DuePage)
    /// The store could not answer a `load`.
    case loadFailed(String)
    /// A commit is durable.
    case committed(CommitID, CommitReceipt)
    /// A commit did not happen; nothing of it is durable.
    case commitFailed(CommitID, CommitFailure)
    /// A request ended.
    case answered(changeID: Int64, Outcome)
    /// An observer answered a question, or did not.
    case observed(id: Int64, ObserverAnswer)
    /// The desired-state file and the secrets were read, valid or not, to be adopted.
    case desiredStateRead(DesiredStateReading)
    /// The store adopted a reading, or holds it.
    case adopted(AdoptionResult)
    /// The store could not adopt a reading.
    case adoptionFailed(String)
    /// An operator orders something; answered by the report `orderEnded`. The event is its place in the audit trail.
    case ordered(OrderID, Order, OrderScope, EventEntry)
    /// A time zone has other offsets than before: rotation windows open at other instants.
    case zonesChanged
    /// Stop cleanly: no new cycle, exposed numbers are enabled first, all within the grace period.
    case stopRequested
}

/// What the engine begins with.
public struct EngineStart: Sendable {
    /// The id for the next entry of the history.
    public let nextChangeID: Int64
    /// Numbers whose cycle is open in the store.
    public let openCycles: [PhoneNumber]
    /// The earliest due instant in the store; nil when nothing is due, ever.
    public let nextDueAt: Instant?
    /// The latest instant that the store has recorded.
    public let highWaterMark: Instant
    /// The pause of all numbers, when there is one.
    public let fleetPause: Pause?
    /// How long ago the requests of the last minute were sent, by an earlier process: the minute's limit counts them.
    public let recentRequests: [Account: [Duration]]

    /// Accounts that have refused to disable a number.
    public let refusingDisable: Set<Account>
    /// Whether any number has a rotation window. The instants at which they open were computed by an earlier process, perhaps
    /// from another time zone database.
    public let hasWindows: Bool

    public init(
        nextChangeID: Int64, openCycles: [PhoneNumber], nextDueAt: Instant?, highWaterMark: Instant = .distantPast,
        fleetPause: Pause? = nil, recentRequests: [Account: [Duration]] = [:],
        refusingDisable: Set<Account> = [], hasWindows: Bool = false
    ) {
        self.hasWindows = hasWindows
        self.refusingDisable = refusingDisable
        self.recentRequests = recentRequests
        self.fleetPause = fleetPause
        self.nextChangeID = nextChangeID
        self.openCycles = openCycles
        self.nextDueAt = nextDueAt
        self.highWaterMark = highWaterMark
    }
}

/// Names one order between the engine and whoever gave it.
public struct OrderID: Hashable, Sendable {
    public let value: Int64

    public init(_ value: Int64) { self.value = value }
}

/// Names one commit between the engine and its driver.
public struct CommitID: Hashable, Sendable {
    public let value: Int64
}
