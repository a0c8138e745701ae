/// One durable write, as the engine asks for it and the store performs it. A commit is a list of these, all or nothing.
public enum StoreMutation: Hashable, Sendable {
    /// Write the dynamic part of a number's row (belief, doubts, schedule, `dueAt`), and its PIN generations' state:
    /// `newGeneration` is inserted, every other generation of the record is brought up to date when it is in `touched`.
    /// The desired part of the row is not written: only an adoption changes it.
    ///
    /// The row must still have the record's version, and has the next one afterwards. When it does not, the record is
    /// an older one than the row: the whole commit is dropped as ``CommitFailure/outdated``.
    indirect case save(NumberRecord, newGeneration: PINGeneration?, touched: [Int])
    /// Apply an operator's order to the managed numbers that it concerns (``NumberRecord/obeying(_:toFleet:at:)``).
    case order(Order, OrderScope, at: Instant)
    /// Write that a guard holds or no longer does, for those who look at the store.
    case guardState(GuardState)
    /// Write only the `due_at` of a record's row, under the same rule of versions as `save`.
    indirect case reschedule(NumberRecord)
    /// Append a request to the history, its end still open.
    case openChange(ChangeEntry)
    /// Complete the history entry with this id.
    case closeChange(id: Int64, answeredAt: Instant, outcome: Outcome)
    /// Append to the audit trail.
    case event(EventEntry)
}

/// Why a commit did not happen. Nothing of it is durable then.
public enum CommitFailure: Error, Hashable, Sendable {
    /// The store cannot be written: a failing, full or read-only disk. Every commit fails alike.
    case outage(String)
    /// The row has another version than the record that was to be saved: somebody else has written it since.
    case outdated
    /// The store refuses the content of this commit, of one number; others are not concerned. Why, in words.
    case refused(String)
}

/// What a commit did beside what it was asked for.
public struct CommitReceipt: Hashable, Sendable {
    /// Numbers that an order could not be applied to, because their record cannot be read.
    public var unreadable: [UnreadableNumber] = []

    public init(unreadable: [UnreadableNumber] = []) { self.unreadable = unreadable }
}

/// A number whose record cannot be read, or cannot be written.
public struct UnreadableNumber: Hashable, Sendable {
    /// How long such a number is set aside.
    public static let rest: Duration = .seconds(3600)

    public let number: PhoneNumber
    /// Why, in words.
    public let message: String

    public init(number: PhoneNumber, message: String) {
        self.number = number
        self.message = message
    }
}

/// Numbers that the store read for the engine.
public struct DuePage: Hashable, Sendable {
    /// The records by urgency, and of one endpoint and urgency by due instant.
    public var records: [NumberRecord]
    /// Numbers whose record cannot be read.
    public var failures: [UnreadableNumber]
    /// The earliest instant at which anything falls due that is not due yet and was not excluded. Nil as well for numbers
    /// that were asked for by name.
    public var nextDueAt: Instant?
    /// The groups of which more is due than there was room for.
    public var backlog: Set<DueGroup>

    public init(
        records: [NumberRecord] = [], failures: [UnreadableNumber] = [], nextDueAt: Instant? = nil,
        backlog: Set<DueGroup> = []
    ) {
        self.records = records
        self.failures = failures
        self.nextDueAt = nextDueAt
        self.backlog = backlog
    }
}

/// Which numbers the engine asks the store for.
public enum LoadRequest: Hashable, Sendable {
    /// Numbers that are due by now, at most `limit` and as many of each group as there is room for, without `excluding`.
    case due(limit: Int, excluding: Set<PhoneNumber>, room: DueRoom = DueRoom())
    /// These, due or not; unknown ones are left out.
    case numbers([PhoneNumber])
    /// Numbers whose `retry_at` lies ahead, due or not, by number, at most `limit` of those that follow `after`. The clock
    /// may have been corrected since it was written.
    case retrying(limit: Int, after: PhoneNumber?)
    /// Numbers with a rotation window that rest, due or not, by number, at most `limit` of those that follow `after`. Their
    /// time zone may have other offsets than when their due instant was written.
    case windowed(limit: Int, after: PhoneNumber?)
}

/// How many numbers of each group may be read. One endpoint that lets nothing through, or one urgency, so never keeps the
/// others out, however many numbers wait there.
public struct DueRoom: Hashable, Sendable {
    /// How many of one group may be at work.
    public let perGroup: Int
    /// How many are.
    public let atWork: [DueGroup: Int]

    /// Room for all of them.
    public init() { self.init(perGroup: .max, atWork: [:]) }

    public init(perGroup: Int, atWork: [DueGroup: Int]) {
        self.perGroup = perGroup
        self.atWork = atWork
    }

    /// How many more of `group` may be read.
    public subscript(group: DueGroup) -> Int { max(0, perGroup - (atWork[group] ?? 0)) }
}
