import Dispatch
public import Planning
import Synchronization

/// Performs the engine's actions with the store, the vendor and a wake timer. Nothing else has side effects.
///
/// Everything runs on one private serial queue, to which the completions of the ports are posted. That confinement
/// makes this class sendable.
public final class EngineDriver: @unchecked Sendable {
    private let queue = DispatchQueue(label: "twostepd.engine")
    private let store: any RecordStore
    private let vendor: any VendorConnection
    private let clock: any MomentClock
    private let onReport: @Sendable (EngineReport) -> Void
    private let timer: WakeTimer
    private var engine: Engine
    private var random = SystemRandomNumberGenerator()
    /// Events that wait for the queue; `isCalled` is true while a call to handle them is queued.
    private let inbox = Mutex<(events: [EngineEvent], isCalled: Bool)>(([], false))

    /// Creates a driver that waits for its first event. `observe` receives every report on the driver's queue; it must
    /// not block.
    public init(
        policy: Policy, store: any RecordStore, vendor: any VendorConnection, clock: any MomentClock,
        onReport: @escaping @Sendable (EngineReport) -> Void
    ) {
        self.store = store
        self.vendor = vendor
        self.clock = clock
        self.onReport = onReport
        engine = Engine(policy: policy)
        timer = WakeTimer(queue: queue)
        timer.onFire = { [weak self] in self?.handle(.timerFired) }
    }

    /// Passes an event to the engine, after all that were posted before.
    public func post(_ event: EngineEvent) {
        let isFirst = inbox.withLock { inbox in
            inbox.events.append(event)
            defer { inbox.isCalled = true }
            return !inbox.isCalled
        }
        if isFirst { queue.async { self.empty() } }
    }

    /// Handles the events that have arrived, as a batch: a call for each event alone would cost as much as the event.
    /// Events that arrive meanwhile wait for another call, so that timers and pings have their turn too.
    private func empty() {
        let events = inbox.withLock { inbox in
            defer { inbox.events = [] }
            return inbox.events
        }
        for event in events { handle(event) }
        let hasMore = inbox.withLock { inbox in
            inbox.isCalled = !inbox.events.isEmpty
            return inbox.isCalled
        }
        if hasMore { queue.async { self.empty() } }
    }

    /// Calls `completion` on the driver's queue after every event posted before, as a proof that the driver is alive.
    public func ping(_ completion: @escaping @Sendable () -> Void) {
        queue.async(execute: completion)
    }

    private func handle(_ event: EngineEvent) {
        for action in engine.handle(event, at: clock.moment(), random: &random) { perform(action) }
    }

    private func perform(_ action: EngineAction) {
        switch action {
        case .commit(let id, let mutations):
            store.commit(mutations) { result in
                switch result {
                case .success(let receipt): self.post(.committed(id, receipt))
                case .failure(let failure): self.post(.commitFailed(id, failure))
                }
            }
        case .send(let call):
            vendor.send(call) { outcome in self.post(.answered(changeID: call.changeID, outcome)) }
        case .observe(let call):
            vendor.observe(call) { answer in self.post(.observed(id: call.id, answer)) }
        case .load(let request, let now):
            store.load(request, at: now) { result in
                switch result {
                case .success(let page): self.post(.loaded(page))
                case .failure(let failure): self.post(.loadFailed(failure.description))
                }
            }
        case .adopt(let reading, let following, let now):
            store.adopt(reading, following: following, at: now) { result in
                switch result {
                case .success(let result): self.post(.adopted(result))
                case .failure(let failure): self.post(.adoptionFailed(failure.description))
                }
            }
        case .armTimer(let wall, let steady):
            timer.arm(wall: wall, after: steady.map { clock.moment().steady.duration(to: $0) })
        case .report(let report): onReport(report)
        }
    }
}
