import Dispatch
public import Planning
import Synchronization

/// Group commit: submissions that wait while the disk is busy share the next transaction and its one fsync.
///
/// Submissions are committed in order. A submission whose content the store refuses fails alone; when the disk fails,
/// all the others of its batch fail. Completions run in order, on the queue's own serial Dispatch queue; only the
/// failures of submissions that found the queue full may come earlier.
public final class CommitQueue: Sendable {
    fileprivate enum Item: Sendable {
        case commit([StoreMutation], @Sendable (Result<CommitReceipt, StorageError>) -> Void)
        case work(@Sendable () -> Void)
    }

    fileprivate struct State {
        var waiting: [Item] = []
        var isDraining = false
    }

    private let store: Store
    private let queue = DispatchQueue(label: "twostepd.commits")
    private let capacity: Int
    private let batchLimit: Int
    private let onTransaction: (@Sendable (Duration, Bool) -> Void)?
    private let state = Mutex(State())

    /// Creates a queue in front of `store`.
    ///
    /// - Parameters:
    /// - store: the one writer.
    ///   - capacity: the maximum of waiting submissions; any further one fails with
    ///     ``StorageError/queueFull(waiting:)``.
    ///   - batchLimit: the maximum of submissions in one transaction.
    ///   - onTransaction: receives the duration of each transaction and whether it succeeded; it must not block.
    public init(
        store: Store, capacity: Int = 65_536, batchLimit: Int = 1000,
        onTransaction: (@Sendable (Duration, Bool) -> Void)? = nil
    ) {
        precondition(capacity > 0 && batchLimit > 0, "a commit queue has room for one submission at least")
        self.store = store
        self.capacity = capacity
        self.batchLimit = batchLimit
        self.onTransaction = onTransaction
    }

    /// The number of waiting submissions and pieces of work.
    public var length: Int { state.withLock { $0.waiting.count } }

    /// Commits the mutations, all or none, together with other waiting submissions; calls `completion` when they are on
    /// the disk.
    public func submit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<CommitReceipt, StorageError>) -> Void
    ) {
        enqueue(.commit(mutations, completion)) { completion(.failure($0)) }
    }

    /// Runs `work` after everything submitted before it, and before everything submitted after it.
    ///
    /// The closure must declare its error type: `{ store throws(StorageError) in try store.adopt(desired, at: now) }`.
    public func perform<Value: Sendable>(
        _ work: @escaping @Sendable (Store) throws(StorageError) -> Value,
        completion: @escaping @Sendable (Result<Value, StorageError>) -> Void
    ) {
        let store = store
        let item = Item.work {
            completion(Result { () throws(StorageError) in try work(store) })
        }
        enqueue(item) { completion(.failure($0)) }
    }

    private func enqueue(_ item: Item, refused: @escaping @Sendable (StorageError) -> Void) {
        enum Admission { case full(Int), waits, starts }
        let admission = state.withLock { state -> Admission in
            guard state.waiting.count < capacity else { return .full(state.waiting.count) }
            state.waiting.append(item)
            if state.isDraining { return .waits }
            state.isDraining = true
            return .starts
        }
        switch admission {
        case .waits: break
        case .starts: queue.async { self.drain() }
        // On the queue as well: a completion never runs before the call that submitted returns.
        case .full(let waiting): queue.async { refused(.queueFull(waiting: waiting)) }
        }
    }

    /// Handles the next batch or the next piece of work, and reschedules itself while anything waits.
    private func drain() {
        let items = state.withLock { $0.dequeue(batchLimit) }
        var submissions: [Submission] = []
        for item in items {
            switch item {
            case .commit(let mutations, let completion): submissions.append((mutations, completion))
            case .work(let work): work()
            }
        }
        if !submissions.isEmpty { commit(submissions) }
        let hasMore = state.withLock { state in
            state.isDraining = !state.waiting.isEmpty
            return state.isDraining
        }
        if hasMore { queue.async { self.drain() } }
    }

    private typealias Submission = (
        mutations: [StoreMutation], completion: @Sendable (Result<CommitReceipt, StorageError>) -> Void
    )

    private func commit(_ submissions: [Submission]) {
        let began = ContinuousClock.now
        let results = store.commit(batch: submissions.map(\.mutations))
        if let onTransaction {
            let succeeded = results.contains { if case .success = $0 { true } else { false } }
            onTransaction(began.duration(to: .now), succeeded)
        }
        for (submission, result) in zip(submissions, results) { submission.completion(result) }
    }
}

extension CommitQueue.State {
    /// Removes the commits at the head, at most `limit`; or the one piece of work there.
    fileprivate mutating func dequeue(_ limit: Int) -> [CommitQueue.Item] {
        guard let first = waiting.first else { return [] }
        if case .work = first { return [waiting.removeFirst()] }
        let count = waiting.prefix(limit).prefix { item in
            if case .commit = item { true } else { false }
        }.count
        let taken = Array(waiting.prefix(count))
        waiting.removeFirst(count)
        return taken
    }
}
