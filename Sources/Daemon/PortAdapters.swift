import ConfigFile
import Glibc
public import Planning
public import Reconciler
import Storage
import Vendors

/// The engine's store port over SQLite: commits are grouped, and all other work keeps its place in their order.
struct StoreAdapter: RecordStore {
    let queue: CommitQueue
    let desiredStateGuard: DesiredStateGuard

    func commit(
        _ mutations: [StoreMutation], completion: @escaping @Sendable (Result<CommitReceipt, CommitFailure>) -> Void
    ) {
        queue.submit(mutations) { completion($0.mapError(\.commitFailure)) }
    }

    func load(
        _ request: LoadRequest, at now: Instant, completion: @escaping @Sendable (Result<DuePage, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in try store.load(request, at: now) }) {
            completion($0.mapError { StoreFailure($0.description) })
        }
    }

    func adopt(
        _ reading: DesiredStateReading, following: Set<PhoneNumber>, at now: Instant,
        completion: @escaping @Sendable (Result<AdoptionResult, StoreFailure>) -> Void
    ) {
        queue.perform({ store throws(StorageError) in
            try store.adopt(reading, guardedBy: desiredStateGuard, following: following, at: now)
        }) {
            completion($0.mapError { StoreFailure($0.description) })
        }
    }
}

extension CommitQueue {
    /// Runs `work` in its turn, and waits for it.
    func result<Value: Sendable>(
        of work: @escaping @Sendable (Store) throws(StorageError) -> Value
    ) async -> Result<Value, StorageError> {
        await withCheckedContinuation { continuation in
            perform(work) { continuation.resume(returning: $0) }
        }
    }
}

/// The engine's vendor port over HTTP: the only place that puts the token's value into a request.
struct VendorAdapter: VendorConnection {
    let client: HTTPVendorClient
    let secrets: SecretsInForce
    let flights: InFlightRequests

    func send(_ call: VendorCall, completion: @escaping @Sendable (Outcome) -> Void) {
        let token: Token
        do { token = try secrets.token(named: call.tokenName) } catch {
            return completion(Outcome(.tokenUnavailable, message: error.description))
        }
        let request = VendorRequest(
            vendor: call.vendor, endpoint: call.endpoint, phoneNumberID: call.phoneNumberID, token: token,
            operation: call.operation)
        flights.begin(.change(call.changeID))
        client.send(request, hiding: secrets.index) { outcome in
            flights.end(.change(call.changeID))
            completion(outcome)
        }
    }

    func observe(_ call: ObserverCall, completion: @escaping @Sendable (ObserverAnswer) -> Void) {
        // The number waits for the answer, so the watchdog must notice a request that hangs.
        flights.begin(.question(call.id))
        client.observe(call, token: secrets.token(named:), hiding: secrets.index) { answer in
            flights.end(.question(call.id))
            completion(answer)
        }
    }
}

extension HTTPVendorClient {
    /// Asks the observer of a number, with the token that `token` returns for its name.
    func observe(
        _ call: ObserverCall, token lookUp: (String) throws(SecretError) -> Token, hiding index: SecretIndex,
        completion: @escaping @Sendable (ObserverAnswer) -> Void
    ) {
        let token: Token
        do throws(SecretError) { token = try lookUp(call.observer.tokenName) } catch {
            return completion(.unknown(Outcome(.tokenUnavailable, message: error.description)))
        }
        let request = ObservationRequest(
            number: call.number, phoneNumberID: call.phoneNumberID, endpoint: call.observer.endpoint, token: token)
        observe(request, hiding: index, completion: completion)
    }
}

/// The machine's wall clock (`CLOCK_REALTIME`) and its monotonic one (`CLOCK_BOOTTIME`, which goes on while the machine
/// sleeps), in whole milliseconds.
public struct SystemClock: MomentClock {
    public init() {}

    public func now() -> Instant { Instant(millisecondsSinceEpoch: Self.milliseconds(CLOCK_REALTIME)) }

    public func moment() -> Moment {
        Moment(wall: now(), steady: SteadyInstant(milliseconds: Self.milliseconds(CLOCK_BOOTTIME)))
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = clock_gettime(clock, &time)
        precondition(result == 0, "the clocks of the machine can always be read")
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
