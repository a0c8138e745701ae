/// One durable write that the engine requests and the store performs. A commit is a list of these, all or nothing.
public enum StoreMutation: Hashable, Sendable {
    /// Writes the dynamic part of a number's row (belief, doubts, schedule, `dueAt`), and the state of its PIN
    /// generations: `newGeneration` is inserted, and every other generation of the record is updated when it is in
    /// `touched`. The desired part of the row is not written: only an adoption changes it.
    ///
    /// The row must still have the record's version, and has the next one afterwards. When it does not, the record is
    /// older than the row, and the whole commit is dropped as ``CommitFailure/outdated``.
    indirect case save(NumberRecord, newGeneration: PINGeneration?, touched: [Int])
    /// Applies an operator's order to the managed numbers that it concerns (``NumberRecord/obeying(_:toFleet:at:)``).
    case order(Order, OrderScope, at: Instant)
    /// Records that a guard holds or no longer does, for readers of the store.
    case guardState(GuardState)
    /// Writes only the `due_at` of a record's row, under the same rule of versions as `save`.
    indirect case reschedule(NumberRecord)
    /// Appends a request to the history, its end still open.
    case openChange(ChangeEntry)
    /// Completes the history entry with this ID.
    case closeChange(id: Int64, answeredAt: Instant, outcome: Outcome)
    /// Appends to the audit trail.
    case event(EventEntry)
}

/// The reason why a commit failed. Nothing of it is durable then.
public enum CommitFailure: Error, Hashable, Sendable {
    /// The store cannot be written: a failing, full or read-only disk. Every commit fails in the same way.
    case outage(String)
    /// The row has another version than the record to be saved: it was written in between.
    case outdated
    /// The store refuses the content of this commit, of one number; others are not affected. With the reason, in words.
    case refused(String)
}

/// The side results of a commit.
public struct CommitReceipt: Hashable, Sendable {
    /// Numbers to which an order could not be applied, because their record cannot be read.
    public var unreadable: [UnreadableNumber] = []

    public init(unreadable: [UnreadableNumber] = []) { self.unreadable = unreadable }
}

/// A number whose record cannot be read, or cannot be written.
public struct UnreadableNumber: Hashable, Sendable {
    /// The time for which such a number is set aside.
    public static let rest: Duration = .seconds(3600)

    public let number: PhoneNumber
    /// The reason, in words.
    public let message: String

    public init(number: PhoneNumber, message: String) {
        self.number = number
        self.message = message
    }
}

/// Numbers that the store read for the engine.
public struct DuePage: Hashable, Sendable {
    /// The records by urgency, and within one endpoint and urgency by due instant.
    public var records: [NumberRecord]
    /// Numbers whose record cannot be read.
    public var failures: [UnreadableNumber]
    /// The earliest due instant of numbers that are not due yet and were not excluded. Nil also for a request of
    /// numbers by name.
    public var nextDueAt: Instant?
    /// The groups that have more due numbers than there was room for.
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

/// The numbers that the engine requests from the store.
public enum LoadRequest: Hashable, Sendable {
    /// Numbers that are due by now, at most `limit` and at most the room of each group, without `excluding`.
    case due(limit: Int, excluding: Set<PhoneNumber>, room: DueRoom = DueRoom())
    /// The named numbers, due or not; unknown ones are left out.
    case numbers([PhoneNumber])
    /// Numbers whose `retry_at` is in the future, due or not, ordered by number: at most `limit` of those that follow
    /// `after`. The clock may have been corrected since `retry_at` was written.
    case retrying(limit: Int, after: PhoneNumber?)
    /// Numbers at rest with a rotation window, due or not, ordered by number: at most `limit` of those that follow
    /// `after`. Their time zone may have other offsets than when their due instant was written.
    case windowed(limit: Int, after: PhoneNumber?)
}

/// The room for numbers of each group. It prevents a blocked endpoint, or one urgency, from keeping the others out,
/// however many numbers wait there.
public struct DueRoom: Hashable, Sendable {
    /// The maximum count of numbers of one group at work.
    public let perGroup: Int
    /// The current count of numbers at work, by group.
    public let atWork: [DueGroup: Int]

    /// Creates unlimited room.
    public init() { self.init(perGroup: .max, atWork: [:]) }

    public init(perGroup: Int, atWork: [DueGroup: Int]) {
        self.perGroup = perGroup
        self.atWork = atWork
    }

    /// The count of further numbers of `group` that may be read.
    public subscript(group: DueGroup) -> Int { max(0, perGroup - (atWork[group] ?? 0)) }
}
