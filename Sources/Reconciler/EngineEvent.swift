public import Planning

/// What the engine is told. Each is handled to its end before the next.
public enum EngineEvent: Sendable {
    /// The store is open and interrupted requests have been accounted for.
    case started(EngineStart)
    /// The wake timer reached the instant it was armed for.
    case timerFired
    /// The store answered a `load`.
    case loaded(DueBatch)
    /// The store could not answer a `load`.
    case loadFailed(String)
    /// A commit is durable.
    case committed(CommitID)
    /// A commit did not happen; nothing of it is durable.
    case commitFailed(CommitID, String)
    /// A request ended.
    case answered(changeID: Int64, Outcome)
    /// A valid desired state was read, to be taken into force.
    case desiredStateRead(DesiredState)
    /// The store took a desired state into force.
    case adopted(Adoption)
    /// The store holds a desired state back: it would weaken the fleet.
    case adoptionHeld(HeldState)
    /// The store could not take a desired state into force.
    case adoptionFailed(String)
    /// The values of operator-owned PINs by name; `changed` are the managed numbers whose value is new.
    case operatorPINsRead([String: PIN], changed: [PhoneNumber])
    /// An operator orders something; answered by the report `orderEnded`. The event is its place in the audit trail.
    case ordered(OrderID, Order, OrderScope, EventEntry)
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

    public init(
        nextChangeID: Int64, openCycles: [PhoneNumber], nextDueAt: Instant?, highWaterMark: Instant = .distantPast,
        fleetPause: Pause? = nil
    ) {
        self.fleetPause = fleetPause
        self.nextChangeID = nextChangeID
        self.openCycles = openCycles
        self.nextDueAt = nextDueAt
        self.highWaterMark = highWaterMark
    }
}

/// A page of numbers that are due.
public struct DueBatch: Sendable {
    /// A number whose record could not be read.
    public struct Failure: Sendable {
        public let number: PhoneNumber
        public let message: String

        public init(number: PhoneNumber, message: String) {
            self.number = number
            self.message = message
        }
    }

    /// The records, exposed ones first, then by due instant.
    public let records: [NumberRecord]
    public let failures: [Failure]
    /// The earliest due instant among numbers that are neither in this page nor were excluded; it may have passed.
    public let nextDueAt: Instant?

    public init(records: [NumberRecord], failures: [Failure], nextDueAt: Instant?) {
        self.records = records
        self.failures = failures
        self.nextDueAt = nextDueAt
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
