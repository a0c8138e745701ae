import Planning
import Reconciler
import Storage

/// The engine's store port over SQLite: commits are grouped, and everything else keeps its place in their order.
struct StoreAdapter: RecordStore {
    let queue: CommitQueue
    let weakeningGuard: WeakeningGuard

    func commit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<Void, StoreFailure>) -> Void
    ) {
        queue.submit(mutations) { completion($0.mapError { StoreFailure($0.description) }) }
    }

    func loadDue(
        at now: Instant, limit: Int, excluding: Set<PhoneNumber>,
        completion: @escaping @Sendable (Result<DueBatch, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in
            let page = try store.reader.due(at: now, limit: limit, excluding: excluding)
            return DueBatch(
                records: page.records,
                failures: page.failures.map { DueBatch.Failure(number: $0.number, message: $0.error.description) },
                nextDueAt: page.nextDueAt
            )
        }) { completion($0.mapError { StoreFailure($0.description) }) }
    }

    func adopt(
        _ desired: DesiredState, at now: Instant,
        completion: @escaping @Sendable (Result<AdoptionResult, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in
            try store.adopt(desired, guardedBy: weakeningGuard, at: now)
        }) {
            completion($0.mapError { StoreFailure($0.description) })
        }
    }
}
