public import Planning

/// The reconciler's heart: a synchronous state machine over the whole fleet.
///
/// Events go in, actions come out; it has no clock, no dice and no threads, so that a simulation can drive the very
/// same code. It holds what is due, not the fleet: everything else rests in the store under its due instant.
///
/// The rules it keeps:
/// - A request is asked for only after the commit that widened its number's belief is confirmed.
/// - One request in flight a number, at most `concurrency` in all, exposed numbers first.
/// - A cycle starts only under the exposure budget, and none while stopping.
/// - Nothing but one probe at a time goes to an endpoint that is down.
/// - While the store fails, nothing is sent.
public struct Engine: Sendable {
    /// The most numbers that are worked on at once; others wait in the store.
    static let maxActive = 2048
    /// The most numbers that one page brings.
    static let pageSize = 512
    /// How long a number rests whose record cannot be read.
    static let unreadableRest: Duration = .seconds(3600)

    let policy: Policy
    var operatorPINs: [String: PIN] = [:]
    var active = ActiveNumbers()
    var waiting = WaitingQueue()
    /// Commits that are not confirmed yet, and the number each is for.
    var commits: [CommitID: PhoneNumber] = [:]
    /// Requests from the moment their widening is asked for until they end.
    var flights: [Int64: PhoneNumber] = [:]
    /// Waiting numbers whose latest evidence is not durable yet.
    var unsavedWaiting: Set<PhoneNumber> = []
    /// Numbers whose commit failed.
    var stuck: Set<PhoneNumber> = []
    /// Numbers that we have exposed, or may have: they hold a place of the exposure budget.
    var openCycles: Set<PhoneNumber> = []
    var budget: ExposureBudget
    var windows: [Endpoint: RequestWindow] = [:]
    var breakers: [Endpoint: CircuitBreaker] = [:]
    var fleetPause: Pause?
    /// Orders that are not durable yet.
    var orders: [CommitID: OutstandingOrder] = [:]
    var nextChangeID: Int64 = 1
    var lastCommitID: Int64 = 0
    /// The earliest due instant of a number that rests in the store.
    var storeDueAt: Instant?
    var clock = ClockGuard()
    var isClockBehind = false
    var isLoading = false
    var isStarted = false
    var adopting: DesiredState?
    /// The newest desired state that waits for the one being adopted, or for the store.
    var pendingAdoption: DesiredState?
    /// Numbers that we have exposed and that `pendingAdoption` does not name: they are enabled before it is adopted.
    var leavingExposed: Set<PhoneNumber> = []
    /// Until when the adoption waits for them.
    var leavingDeadline: Instant?
    /// Numbers to be looked at, when the adoption under way has made them known and the store works: their
    /// operator-owned PIN is new, or their due instant could not be written.
    var pendingLooks: Set<PhoneNumber> = []
    var storeFailure: StoreOutage?
    /// Failures of the store in a row, until a commit succeeds.
    var storeTries = 0
    var stopDeadline: Instant?
    var isStopped = false
    var armedFor: Instant?
    var actions: [EngineAction] = []

    /// The store does not work: when to try again.
    struct StoreOutage: Sendable {
        var retryAt: Instant
        /// Something is under way that will show whether the store works again.
        var isProbing = false
    }

    /// An engine that waits for `started`.
    public init(policy: Policy) {
        self.policy = policy
        budget = ExposureBudget(maximum: policy.maxExposed)
    }

    /// Handles one event and gives what is to be done, in order.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - now: the wall clock.
    ///   - random: PINs and jitter; the system's generator outside of simulations.
    public mutating func handle(
        _ event: EngineEvent, now: Instant, random: inout some RandomNumberGenerator
    ) -> [EngineAction] {
        guard !isStopped else { return [] }
        actions = []
        noteClock(now: now)
        switch event {
        case .started(let start): begin(start, now: now)
        case .timerFired: armedFor = nil
        case .loaded(let batch): take(batch, now: now)
        case .loadFailed(let message):
            isLoading = false
            noteDue(now)
            noteStoreFailure(message, now: now)
        case .committed(let id): confirm(id, now: now, random: &random)
        case .commitFailed(let id, let message): revert(id, message, now: now)
        case .answered(let changeID, let outcome): arrive(changeID, outcome, now: now, random: &random)
        case .desiredStateRead(let state): noteRead(state, now: now)
        case .adopted(let adoption): noteAdoption(adoption, now: now)
        case .adoptionHeld(let held): noteHeld(held)
        case .adoptionFailed(let message): noteAdoptionFailure(message, now: now)
        case .operatorPINsRead(let values, let changed): takeOperatorPINs(values, changed: changed, now: now)
        case .ordered(let id, let order, let scope, let entry): obey(order, scope, id: id, entry, now: now)
        case .stopRequested: stopDeadline = stopDeadline ?? now.advanced(by: policy.shutdownGrace)
        }
        advance(now: now, random: &random)
        defer { actions = [] }
        return actions
    }

    /// Whether the engine came to rest after `stopRequested`.
    public var hasStopped: Bool { isStopped }

    /// Everything that time and the last event have made possible.
    private mutating func advance(now: Instant, random: inout some RandomNumberGenerator) {
        guard isStarted else { return }
        retryStore(now: now)
        startAdoption(now: now)
        lookAgain(now: now)
        wakeResting(now: now)
        dispatch(now: now, random: &random)
        saveWaiting(now: now)
        loadDue(now: now)
        stopIfDone(now: now)
        armTimer(now: now)
    }

    private mutating func begin(_ start: EngineStart, now: Instant) {
        precondition(!isStarted, "an engine starts once")
        isStarted = true
        nextChangeID = start.nextChangeID
        openCycles = Set(start.openCycles)
        fleetPause = start.fleetPause
        storeDueAt = start.nextDueAt
        clock = ClockGuard(highWaterMark: start.highWaterMark)
        noteClock(now: now)
        actions.append(.report(.exposurePermitted(budget.permitted)))
        // A number between disable and enable is looked at first, whatever its due instant says.
        for number in start.openCycles.sorted() { reschedule(number, dueAt: now) }
    }

    /// Tells when the clock falls behind what was recorded, and when it has caught up.
    private mutating func noteClock(now: Instant) {
        clock.see(now)
        guard clock.isBehind(at: now) != isClockBehind else { return }
        isClockBehind.toggle()
        actions.append(
            .report(isClockBehind ? .clockBehind(highWaterMark: clock.highWaterMark) : .clockRight))
    }

    /// Arms the timer for the earliest instant at which anything can change without an event.
    private mutating func armTimer(now: Instant) {
        guard !isStopped else { return }
        var instants: [Instant] = []
        if let storeDueAt, !isLoading, storeFailure == nil, adopting == nil, stopDeadline == nil, hasRoom {
            instants.append(storeDueAt)
        }
        if let storeFailure, !storeFailure.isProbing { instants.append(storeFailure.retryAt) }
        if let stopDeadline { instants.append(stopDeadline) }
        if pendingAdoption != nil, adopting == nil, storeFailure == nil, let leavingDeadline {
            instants.append(leavingDeadline)
        }
        if let next = nextPermittedSend(now: now) { instants.append(next) }
        if let next = active.nextWaking { instants.append(next) }
        let wanted = instants.min()
        guard wanted != armedFor else { return }
        armedFor = wanted
        actions.append(.armTimer(wanted))
    }
}
