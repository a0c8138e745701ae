public import Planning

/// The durable store of records. Calls are performed in the order in which they are made, and their completions come in
/// that order, on any thread.
public protocol RecordStore: Sendable {
    /// Commits `mutations`, all or nothing. May join several calls in one transaction.
    func commit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<CommitReceipt, CommitFailure>) -> Void
    )
    /// Reads numbers with their PINs, exposed ones first.
    func load(
        _ request: LoadRequest, at now: Instant,
        completion: @escaping @Sendable (Result<DuePage, StoreFailure>) -> Void
    )
    /// Adopts a reading in one transaction, or holds it; only rows that differ are written. The result has the entries
    /// of those written numbers that are in `following`.
    func adopt(
        _ reading: DesiredStateReading, following: Set<PhoneNumber>, at now: Instant,
        completion: @escaping @Sendable (Result<AdoptionResult, StoreFailure>) -> Void
    )
}

/// The reason for a failure of the store, in words for the operator.
public struct StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The connection to vendors. It never retries, and always completes exactly once, with the outcome classified.
public protocol VendorConnection: Sendable {
    /// Sends one request whose record is durable.
    func send(_ call: VendorCall, completion: @escaping @Sendable (Outcome) -> Void)
    /// Asks an observer about one number; changes nothing.
    func observe(_ call: ObserverCall, completion: @escaping @Sendable (ObserverAnswer) -> Void)
}

/// The wall clock.
public protocol WallClock: Sendable {
    /// Returns the time; it may be set back.
    func now() -> Instant
}

/// Both clocks.
public protocol MomentClock: WallClock {
    /// Returns the time on both clocks, read one after the other.
    func moment() -> Moment
}
