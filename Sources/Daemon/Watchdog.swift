import Dispatch
import Planning
import Reconciler
import Storage
import Synchronization

/// Feeds the service manager's watchdog, and only while all parts that keep numbers protected make progress.
///
/// Twice in each interval a probe passes through the engine's queue, behind every commit that waits, into a read of the
/// store. The watchdog is fed when it returns, unless a request to the vendor is overdue. A store that is full still
/// answers, so it is no reason for a restart; one that hangs or cannot be read is.
final class Watchdog: Sendable {
    private let interval: Duration
    private let notifier: ServiceNotifier
    private let driver: EngineDriver
    private let commits: CommitQueue
    private let flights: InFlightRequests
    private let isAsking = Mutex(false)

    /// A watchdog that feeds `notifier`; nil when the service manager expects no sign of life.
    init?(notifier: ServiceNotifier, driver: EngineDriver, commits: CommitQueue, flights: InFlightRequests) {
        guard let interval = notifier.watchdogInterval else { return nil }
        self.interval = interval
        self.notifier = notifier
        self.driver = driver
        self.commits = commits
        self.flights = flights
    }

    /// Sends a probe at once, and then twice in each interval on `queue`, for as long as the caller holds the timer.
    func start(on queue: DispatchQueue) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let half = Int(max(interval.milliseconds / 2, 1))
        timer.schedule(deadline: .now(), repeating: .milliseconds(half), leeway: .milliseconds(half / 10))
        timer.setEventHandler { self.ask() }
        timer.resume()
        return timer
    }

    /// Sends a probe, unless the one before has not returned: probes must not pile up behind a hang.
    private func ask() {
        let wasAsking = isAsking.withLock { isAsking in
            defer { isAsking = true }
            return isAsking
        }
        guard !wasAsking else { return }
        Self.checkLiveness(driver, commits) { result in
            self.isAsking.withLock { $0 = false }
            guard case .success = result, !self.flights.isOverdue else { return }
            self.notifier.watchdog()
        }
    }

    /// Probes engine and store in turn; `completion` runs when both have answered.
    static func checkLiveness(
        _ driver: EngineDriver, _ commits: CommitQueue,
        completion: @escaping @Sendable (Result<Void, StorageError>) -> Void
    ) {
        driver.ping {
            commits.perform(
                { store throws(StorageError) in _ = try store.reader.nextChangeID() }, completion: completion)
        }
    }
}

/// The requests in flight, so that one that never ends is noticed.
final class InFlightRequests: Sendable {
    /// A request that changes a number, by its id in the history, or a request to an observer, by the engine's id. The
    /// two kinds have separate ids.
    enum ID: Hashable, Sendable {
        case change(Int64)
        case question(Int64)
    }

    private let allowance: Duration
    private let began = Mutex<[ID: SuspendingClock.Instant]>([:])

    /// - Parameter requestTimeout: the client's timeout of a request; a request may take twice that and 30 s.
    convenience init(requestTimeout: Duration) { self.init(allowance: requestTimeout * 2 + .seconds(30)) }

    /// - Parameter allowance: the time after which a request is overdue.
    init(allowance: Duration) { self.allowance = allowance }

    /// True when a request has outlived every time limit that should have ended it.
    var isOverdue: Bool {
        let now = SuspendingClock.now
        return began.withLock { $0.values.contains { $0.duration(to: now) > allowance } }
    }

    func begin(_ flight: ID) { began.withLock { $0[flight] = SuspendingClock.now } }

    func end(_ flight: ID) { began.withLock { _ = $0.removeValue(forKey: flight) } }
}
