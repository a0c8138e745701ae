import Dice
import Planning
import Reconciler
import Simulation
import Storage
import Testing

/// An engine on a real store in memory, driven by hand: nothing happens until a test requests it.
final class Bench {
    let store: Store
    private(set) var engine: Engine
    /// The wall clock.
    private(set) var now = Bench.start
    /// The monotonic clock.
    private(set) var steady = SteadyInstant(milliseconds: 5_000_000)
    /// The store's pending work, in order.
    private(set) var storeWork: [EngineAction] = []
    /// The requests to observers, in order.
    private(set) var questions: [ObserverCall] = []
    /// Every request sent, in order.
    private(set) var calls: [VendorCall] = []
    private var armed: (wall: Instant?, steady: SteadyInstant?)
    private(set) var reports: [EngineReport] = []
    /// The count of events that the engine has received.
    private(set) var eventCount = 0
    /// The count of commits that the store has finished, or refused.
    private(set) var commitCount = 0
    /// Numbers whose record the store refuses to write.
    var refused: Set<PhoneNumber> = []
    private let policy: Policy
    private var random = SplitMix64(seed: 7)

    static let start = Instant(millisecondsSinceEpoch: 1_790_000_000_000)

    private let desiredStateGuard: DesiredStateGuard
    private var answered: Set<Int64> = []

    init(policy: Policy = Policy(), desiredStateGuard: DesiredStateGuard = DesiredStateGuard.none) throws {
        self.desiredStateGuard = desiredStateGuard
        var keyDice = SplitMix64(seed: 3)
        store = try Store.inMemory(key: SealingKey.random(using: &keyDice))
        self.policy = policy
        engine = Engine(policy: policy)
    }

    // MARK: Events

    /// Starts a new process: the state of the engine and the pending work of the store are lost.
    func start() throws {
        storeWork = []
        armed = (nil, nil)
        _ = try store.recoverInterrupted(at: now)
        engine = Engine(policy: policy)
        post(
            .started(
                EngineStart(
                    nextChangeID: try store.reader.nextChangeID(), openCycles: try store.reader.numbersInOpenCycles(),
                    nextDueAt: try store.reader.nextDueAt(), fleetPause: try store.reader.fleetPause(),
                    recentRequests: try store.reader.recentRequests(at: now),
                    refusingDisable: try store.reader.accountsRefusingDisable(),
                    hasWindows: try store.reader.hasWindows())))
    }

    func post(_ event: EngineEvent) {
        eventCount += 1
        for action in engine.handle(event, at: Moment(wall: now, steady: steady), random: &random) {
            switch action {
            case .commit, .load, .adopt: storeWork.append(action)
            case .send(let call): calls.append(call)
            case .observe(let call): questions.append(call)
            case .armTimer(let wall, let steady): armed = (wall, steady)
            case .report(let report): reports.append(report)
            }
        }
    }

    /// Reports a reading of the files; nil for a desired state that is not valid.
    func read(_ state: DesiredState?, _ operatorPINs: [String: PIN] = [:]) {
        post(.desiredStateRead(DesiredStateReading(state: state, operatorPINs: operatorPINs)))
    }

    /// The numbers that were set aside, in order.
    var setAside: [PhoneNumber] {
        reports.compactMap { if case .number(.setAside(let unreadable, _)) = $0 { unreadable.number } else { nil } }
    }

    static let entry = EventEntry(at: start, kind: .rotationOrdered, actor: "ops", detail: "drill")

    func answer(_ call: VendorCall, _ reason: OutcomeReason, retryAfter: Duration? = nil) {
        post(.answered(changeID: call.changeID, Outcome(reason, retryAfter: retryAfter)))
    }

    /// Answers a request that has no answer yet.
    func answerOnce(_ call: VendorCall, _ reason: OutcomeReason) {
        if answered.insert(call.changeID).inserted { answer(call, reason) }
    }

    func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
        steady = steady.advanced(by: duration)
    }

    /// Sets the wall clock, as an administrator would.
    func setClock(by duration: Duration) { now = now.advanced(by: duration) }

    /// The time at which the timer fires on the wall clock, if the clock is not set; nil when the timer is not armed.
    var timer: Instant? {
        let steadily = armed.steady.map { now.advanced(by: steady.duration(to: $0)) }
        return [armed.wall, steadily].compactMap(\.self).min().map { max($0, now) }
    }

    /// Sleeps until the timer fires.
    func wake() throws {
        pass(now.duration(to: try #require(timer)))
        armed = (nil, nil)
        post(.timerFired)
    }

    // MARK: Store

    /// Does the first piece of the store's pending work, or lets it fail, and reports the result to the engine.
    func workOnce(failing: Bool = false) throws {
        let action = storeWork.removeFirst()
        switch action {
        case .commit(let id, let mutations):
            commitCount += 1
            if failing { return post(.commitFailed(id, .outage("the disk is full"))) }
            if mutations.contains(where: { $0.savedNumber.map(refused.contains) ?? false }) {
                return post(.commitFailed(id, .refused("a constraint failed")))
            }
            do throws(StorageError) {
                post(.committed(id, try store.commit(mutations)))
            } catch {
                post(.commitFailed(id, error.commitFailure))
            }
        case .load(let request, let now):
            if failing { return post(.loadFailed("the disk cannot be read")) }
            post(.loaded(try store.reader.load(request, at: now)))
        case .adopt(let reading, let following, let now):
            if failing { return post(.adoptionFailed("the disk is full")) }
            post(.adopted(try store.adopt(reading, guardedBy: desiredStateGuard, following: following, at: now)))
        case .send, .observe, .armTimer, .report: Issue.record("not the store's work")
        }
    }

    /// Does all of the store's pending work.
    func work() throws {
        for _ in 0..<10_000 where !storeWork.isEmpty { try workOnce() }
        #expect(storeWork.isEmpty, "the store's work ends")
    }

    func record(_ index: Int) throws -> NumberRecord {
        try #require(try store.reader.record(try Self.number(index), at: now))
    }

    // MARK: Numbers

    static func number(_ index: Int) throws -> PhoneNumber {
        try #require(PhoneNumber("+1555\(1_000_000 + index)"))
    }

    static func desired(_ index: Int, _ verification: Verification = .enabled) throws -> DesiredNumber {
        DesiredNumber(number: try number(index), tokenName: "token-\(index)", verification: verification)
    }

    static func state(_ numbers: [DesiredNumber]) -> DesiredState {
        let digit = String(numbers.count % 10)
        return DesiredState(numbers: numbers, sha256: String(repeating: digit, count: 64), source: "file")
    }

    /// Puts numbers into force in the store, before an engine starts.
    func adopt(_ numbers: [DesiredNumber], _ operatorPINs: [String: PIN] = [:]) throws {
        let reading = DesiredStateReading(state: Self.state(numbers), operatorPINs: operatorPINs)
        _ = try store.adopt(reading, guardedBy: DesiredStateGuard.none, following: [], at: now)
    }

    /// Gives a number this belief with the PINs for it; `change` edits the rest of the record.
    func believe(
        _ index: Int, off: Bool = false, foreign: Bool = false, generations: [Int] = [],
        change: (inout NumberRecord) -> Void = { _ in }
    ) throws {
        for generation in generations {
            var record = try record(index)
            let digits = try #require(PIN(digits: String(274_815 + 1111 * generation)))
            let pin = PINGeneration(generation: generation, pin: digits, origin: .generated, createdAt: now)
            record.generations.append(pin)
            record.belief = record.belief.widened(by: .on(generation), sentAt: now)
            _ = try store.commit([.save(record, newGeneration: pin, touched: [])])
        }
        var record = try record(index)
        record.belief = Belief(maybeOff: off, maybeForeign: foreign, generations: generations)
        change(&record)
        _ = try store.commit([.save(record, newGeneration: nil, touched: record.generations.map(\.generation))])
    }

    /// Makes a number enabled as desired, with nothing due for a day.
    func converge(_ index: Int, dueAfter delay: Duration = .seconds(86_400)) throws {
        try believe(index, generations: [1]) { record in
            record.lastAccepted = .on(1)
            record.appliedAt = now
            record.rotatedAt = now
            record.generations[0].liveFrom = now
            record.dueAt = now.advanced(by: delay)
        }
    }

    /// Makes a number look as if it was just disabled for a rotation.
    func expose(_ index: Int, due: Instant? = nil) throws {
        try believe(index, off: true) { record in
            record.lastAccepted = .off
            record.appliedAt = now
            record.cycle = NumberRecord.Cycle(since: now, reason: .rotationDue)
            record.dueAt = due ?? now
        }
    }
}

extension VendorCall {
    var isEnable: Bool { operation != .disable }
}

extension StoreMutation {
    /// The number whose record the mutation writes.
    var savedNumber: PhoneNumber? {
        switch self {
        case .save(let record, _, _), .reschedule(let record): record.number
        case .order, .guardState, .openChange, .closeChange, .event: nil
        }
    }
}
