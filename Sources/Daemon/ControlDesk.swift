import Planning
import Reconciler
import Synchronization

/// Keeps those waiting who asked the running daemon for something, until the engine says how it ended.
final class ControlDesk: Sendable {
    private struct State {
        var lastOrder: Int64 = 0
        var orders: [OrderID: @Sendable (StoreFailure?) -> Void] = [:]
        /// Those who wait for a desired state to come into force, oldest first.
        var adoptions: [(sha256: String, tell: @Sendable (Result<AdoptionResult.Verdict, StoreFailure>) -> Void)] = []
    }

    private let state = Mutex(State())

    /// An id for an order, whose end is told once.
    func expectOrder(_ tell: @escaping @Sendable (StoreFailure?) -> Void) -> OrderID {
        state.withLock { state in
            state.lastOrder += 1
            let id = OrderID(state.lastOrder)
            state.orders[id] = tell
            return id
        }
    }

    func noteOrder(_ id: OrderID, _ failure: StoreFailure?) {
        state.withLock { $0.orders.removeValue(forKey: id) }?(failure)
    }

    /// Waits for the desired state with this SHA-256, whatever becomes of it.
    func expectAdoption(
        of sha256: String, _ tell: @escaping @Sendable (Result<AdoptionResult.Verdict, StoreFailure>) -> Void
    ) {
        state.withLock { $0.adoptions.append((sha256, tell)) }
    }

    /// A desired state came to its end. Whoever waited for an earlier one, which it has overtaken, is told as well.
    ///
    /// - Parameter sha256: its content; nil when that is not known, and everybody is told.
    func noteAdoption(_ result: Result<AdoptionResult.Verdict, StoreFailure>, sha256: String?) {
        let told = state.withLock { state in
            let end =
                sha256.map { sha256 in
                    state.adoptions.lastIndex { $0.sha256 == sha256 }.map { $0 + 1 } ?? 0
                } ?? state.adoptions.count
            defer { state.adoptions.removeFirst(end) }
            return Array(state.adoptions.prefix(end))
        }
        for waiter in told { waiter.tell(result) }
    }
}
