/// One durable write, as the engine asks for it and the store performs it. A commit is a list of these, all or nothing.
public enum StoreMutation: Hashable, Sendable {
    /// Write the dynamic part of a number's row (belief, doubts, schedule, `dueAt`), and its PIN generations' state:
    /// `newGeneration` is inserted, every other generation of the record is brought up to date when it is in `touched`.
    /// The desired part of the row is not written: only an adoption changes it.
    indirect case save(NumberRecord, newGeneration: PINGeneration?, touched: [Int])
    /// Carry out an operator's order on the managed numbers that it concerns, and make them due.
    case order(Order, OrderScope, at: Instant)
    /// Write that a guard holds or no longer does, for those who look at the store.
    case guardState(GuardState)
    /// Write only a number's `due_at`.
    case reschedule(PhoneNumber, dueAt: Instant?)
    /// Append a request to the history, its end still open.
    case openChange(ChangeEntry)
    /// Complete the history entry with this id.
    case closeChange(id: Int64, answeredAt: Instant, outcome: Outcome)
    /// Append to the audit trail.
    case event(EventEntry)
}

/// A desired state, read and found valid.
public struct DesiredState: Hashable, Sendable {
    /// The numbers, unique, in file order.
    public var numbers: [DesiredNumber]
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits.
    public let sha256: String
    /// Where it was read: a path.
    public let source: String
    /// Who accepted it although it weakens the fleet; nil when nobody did, and the guard decides.
    public var acceptedBy: String?

    /// - Parameters:
    ///   - numbers: those of the file.
    ///   - sha256: the digest of the whole file, 64 hexadecimal digits.
    ///   - source: where it was read, a path.
    ///   - acceptedBy: who accepted it although it weakens the fleet; nil when nobody did.
    public init(numbers: [DesiredNumber], sha256: String, source: String, acceptedBy: String? = nil) {
        self.numbers = numbers
        self.sha256 = sha256
        self.source = source
        self.acceptedBy = acceptedBy
    }
}

/// What taking a desired state into force changed.
public struct Adoption: Hashable, Sendable {
    /// The revision now in force: 1, 2, 3 …; it stays when the content is the one already in force.
    public let revision: Int
    public let difference: DesiredStateDifference
    /// SHA-256 of the content now in force.
    public let sha256: String

    public init(revision: Int, difference: DesiredStateDifference, sha256: String) {
        self.revision = revision
        self.difference = difference
        self.sha256 = sha256
    }
}

/// How a desired state differs from the one in force.
public struct DesiredStateDifference: Hashable, Sendable {
    /// Numbers that were never seen, or come back.
    public var added: [PhoneNumber] = []
    /// Numbers whose entry changed in any way.
    public var changed: [PhoneNumber] = []
    /// Numbers that are no longer in the file: unmanaged from now on.
    public var removed: [PhoneNumber] = []
    /// How many entries are as they were.
    public var unchanged = 0

    public init() {}

    /// Whether nothing differs.
    public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty }
}
