public import Planning

/// An event for the engine. Each event is handled completely before the next.
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
    /// A commit failed; nothing of it is durable.
    case commitFailed(CommitID, CommitFailure)
    /// A request ended.
    case answered(changeID: Int64, Outcome)
    /// An observer answered a question, or failed to.
    case observed(id: Int64, ObserverAnswer)
    /// The desired-state file and the secrets were read, valid or not, to be adopted.
    case desiredStateRead(DesiredStateReading)
    /// The store adopted a reading, or holds it.
    case adopted(AdoptionResult)
    /// The store could not adopt a reading.
    case adoptionFailed(String)
    /// An operator gave an order; the report `orderEnded` answers it. The event is its entry in the audit trail.
    case ordered(OrderID, Order, OrderScope, EventEntry)
    /// The offsets of a time zone have changed, so rotation windows open at other instants.
    case zonesChanged
    /// A clean stop was requested: no new cycle, exposed numbers are enabled first, all within the grace period.
    case stopRequested
}

/// The state of the store with which the engine begins.
public struct EngineStart: Sendable {
    /// The ID of the next entry of the history.
    public let nextChangeID: Int64
    /// Numbers whose cycle is open in the store.
    public let openCycles: [PhoneNumber]
    /// The earliest due instant in the store; nil when nothing will ever be due.
    public let nextDueAt: Instant?
    /// The latest instant that the store has recorded.
    public let highWaterMark: Instant
    /// The pause of all numbers; nil for none.
    public let fleetPause: Pause?
    /// The ages of the requests of the last minute, sent by an earlier process: they count towards the rate limit.
    public let recentRequests: [Account: [Duration]]

    /// Accounts that have refused to disable a number.
    public let refusingDisable: Set<Account>
    /// True when any number has a rotation window. An earlier process computed the instants at which the windows open,
    /// perhaps from another time zone database.
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

/// The ID of one order between the engine and its sender.
public struct OrderID: Hashable, Sendable {
    public let value: Int64

    public init(_ value: Int64) { self.value = value }
}

/// The ID of one commit between the engine and its driver.
public struct CommitID: Hashable, Sendable {
    public let value: Int64
}
