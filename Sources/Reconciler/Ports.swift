public import Planning

/// Where records are durable. Calls are performed in the order they are made; completions may come on any thread.
public protocol RecordStore: Sendable {
    /// Makes `mutations` durable, all or nothing. May join several calls in one transaction.
    func commit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<Void, StoreFailure>) -> Void
    )
    /// Reads the numbers that are due at `now`, exposed ones first, at most `limit`, without `excluding`.
    func loadDue(
        at now: Instant, limit: Int, excluding: Set<PhoneNumber>,
        completion: @escaping @Sendable (Result<DueBatch, StoreFailure>) -> Void
    )
    /// Takes a desired state into force in one transaction, or holds it back; only rows that differ are written.
    func adopt(
        _ desired: DesiredState, at now: Instant,
        completion: @escaping @Sendable (Result<AdoptionResult, StoreFailure>) -> Void
    )
}

/// Why the store could not do something, in words for the operator.
public struct StoreFailure: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// The vendor. It never retries, and always completes exactly once, with the outcome classified.
public protocol VendorConnection: Sendable {
    /// Sends one request whose record is durable.
    func send(_ call: VendorCall, completion: @escaping @Sendable (Outcome) -> Void)
}

/// The wall clock.
public protocol WallClock: Sendable {
    /// The time; it may be set back.
    func now() -> Instant
}
