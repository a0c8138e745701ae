import Planning
import Reconciler
import Storage

/// The engine's store port over SQLite: commits are grouped, and everything else keeps its place in their order.
struct StoreAdapter: RecordStore {
    let queue: CommitQueue
    let weakeningGuard: WeakeningGuard

    func commit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<CommitReceipt, CommitFailure>) -> Void
    ) {
        queue.submit(mutations) { completion($0.mapError(\.commitFailure)) }
    }

    func load(
        _ request: LoadRequest, at now: Instant, completion: @escaping @Sendable (Result<DuePage, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in try store.reader.load(request, at: now) }) {
            completion($0.mapError { StoreFailure($0.description) })
        }
    }

    func adopt(
        _ reading: DesiredStateReading, following: Set<PhoneNumber>, at now: Instant,
        completion: @escaping @Sendable (Result<AdoptionResult, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in
            try store.adopt(reading, guardedBy: weakeningGuard, following: following, at: now)
        }) {
            completion($0.mapError { StoreFailure($0.description) })
        }
    }
}
