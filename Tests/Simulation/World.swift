import Dice
import Planning
import Reconciler
import Storage

/// Everything around the engine: time, disk, vendor, operator and disturbances, in one thread and from one seed.
///
/// The engine, the planner and the store are the real ones. The world performs the engine's actions as the driver does,
/// with delays between which a crash can occur. It checks the invariants after each event.
final class World {
    /// The start of every simulation's wall clock: a Monday.
    static let start = Instant(millisecondsSinceEpoch: 1_767_571_200_000)

    enum Happening {
        /// The disk performs the next waiting job.
        case diskTurn
        /// The engine of this life receives an event.
        case post(life: Int, EngineEvent)
        /// An observer's answer arrives; `from` is nil when it is not evidence.
        case observed(life: Int, ObserverCall, ObserverAnswer, from: Milliseconds?)
        /// Others change a number.
        case stranger
        case report(life: Int, PhoneNumber, Observation.Kind)
        /// The daemon of this life reads the file.
        case readFile(life: Int)
        /// A request arrives at the vendor.
        case arrival(Int)
        /// A request's answer, or the lack of one, arrives at the daemon.
        case answer(Int)
        /// A request takes effect whose answer is no longer waited for.
        case landing(Int)
        case mishap(Mishap)
        /// The process of this life must have stopped by now.
        case stopDue(life: Int)
        case diskHeals
        case recordHeals(PhoneNumber)
        case restart
        /// The operator ends every pause.
        case operate(life: Int)
        /// The final, healthy period begins.
        case clearUp
        /// Every number must have been as desired since the healthy period began.
        case convergenceDue
        case end
    }

    let options: SimulationOptions
    var scenario: Scenario
    var random: SplitMix64
    /// The engine's own random generator.
    var engineRandom: SplitMix64
    var clock = VirtualClock(start: World.start)
    var timeline = Timeline<Happening>()
    var trace: Trace
    var counters = Counters()

    // The process.
    var engine: Engine?
    /// The count of processes; events meant for an earlier one are dropped.
    var life = 0
    var timer: (wall: Instant?, steady: SteadyInstant?)
    var isStopping = false
    /// The desired state that the store adopted last, in this life.
    var adoptedLast: DesiredState?
    /// The desired entries in force, as reported to the engine.
    var inForce: [PhoneNumber: DesiredNumber] = [:]
    var planned: [PhoneNumber: NumberRecord] = [:]
    /// The times before which numbers must not be retried, as written, and as the process found them at its start.
    var retryAts: [PhoneNumber: Instant] = [:]
    var backoffs: [PhoneNumber: Instant] = [:]

    /// Orders whose end the operator waits for.
    var outstandingOrders: [OrderID: (order: Order, scope: OrderScope)] = [:]
    var lastOrder: Int64 = 0
    /// The pauses that were reported to the operator as in force.
    var pauses: [PhoneNumber: Pause] = [:]
    var fleetPause: Pause?
    /// Later pauses that may be in force instead although that was not reported.
    var overtakingPauses: Set<Pause> = []

    // The disk.
    let key: SealingKey
    var store: Store
    var jobs: [DiskJob] = []
    var isDiskBusy = false
    var isDiskFailing = false
    /// Numbers whose record cannot be read or written.
    var refusing: Set<PhoneNumber> = []
    /// Numbers whose row another process has written in this life.
    var intruded: Set<PhoneNumber> = []
    /// For numbers that moved to another endpoint, the ID of the first request that can concern the new one.
    var movedBefore: [PhoneNumber: Int64] = [:]
    /// The requests that departed in this life.
    var departures: [Int64: ChangeEntry] = [:]
    var lastConfirmation: Milliseconds = 0
    /// The content of the disk, as far as it has to be known to lose the newest of it.
    var journal = Journal()
    var restore: Restore
    /// The durable record of each number.
    var durable: [PhoneNumber: NumberRecord] = [:]

    // The vendor and the network.
    var accounts: [PhoneNumber: VendorAccount] = [:]
    var weather = Weather.clear
    var requests: [Int: Request] = [:]
    var lastRequest = 0
    var exposure = Exposure()
    /// Numbers whose exposure does not count against the maximum, or that have none at present.
    var excused: Set<PhoneNumber> = []
    var waits = Waits()
    var observers: Observers
    /// The number whose observation the engine has reported last.
    var observedLast: PhoneNumber?

    // The operator.
    var file: FleetFile

    // The checks.
    var limits: LimitWatch
    var healthy: HealthyPeriod?
    var healthyEvents = 0
    /// The time since which a number's live PIN is certainly live.
    var ages: [PhoneNumber: (pin: PIN, since: Instant)] = [:]
    var isOver = false

    init(seed: UInt64, options: SimulationOptions) throws {
        self.options = options
        random = SplitMix64(seed: seed)
        engineRandom = SplitMix64(seed: random.next())
        var scenario = Scenario(using: &random)
        if options.isSteady { (scenario.crashChance, scenario.mishapChance) = (0, 0) }
        self.scenario = scenario
        trace = Trace(kept: options.traceLines)
        key = SealingKey.random(using: &random)
        store = try Store.inMemory(key: key)
        accounts = Dictionary(uniqueKeysWithValues: zip(scenario.numbers, scenario.accounts))
        file = FleetFile(scenario, truths: scenario.accounts.map(\.truth), using: &random)
        limits = LimitWatch(policy: scenario.policy)
        restore = try Restore(seed: seed, isWanted: options.isSteady || options.skipsSync ? false : options.restores)
        journal.isKept = options.skipsSync || restore.location != nil
        let kinds = Observers.Kind.allCases
        observers = Observers(seed: seed, kind: options.observers ?? kinds[Int(seed % UInt64(kinds.count))])
        prepareObservers()
        // The store is new, and that is intended.
        file.accepted = file.state.sha256
    }

    /// Performs the whole run.
    func run() throws {
        weather = Weather.random(using: &random, rate: scenario.faultRate)
        scheduleMishaps()
        timeline.insert(.restart, at: 0)
        timeline.insert(.clearUp, at: scenario.duration)
        while !isOver {
            try step()
            counters.events += 1
            if counters.events == restore.afterEvents { try putBackOlderStore() }
            if counters.events == options.maxStormyEvents, healthy == nil { try clearUp() }
            guard counters.events < options.maxEvents else {
                throw Violation(.housekeeping, "the run does not come to its end")
            }
        }
        counters.virtualMilliseconds = clock.elapsed
    }

    /// Performs the next event.
    private func step() throws {
        let timerAt = clock.earliest(wall: timer.wall, steady: timer.steady).map { max(clock.elapsed, $0) }
        if let timerAt, timerAt <= timeline.nextAt ?? .max {
            clock.advance(to: timerAt)
            timer = (nil, nil)
            try post(.timerFired)
            return try checkAges()
        }
        guard let (moment, happening) = timeline.removeNext() else {
            throw Violation(.housekeeping, "nothing is left to happen")
        }
        clock.advance(to: moment)
        try perform(happening)
        try checkAges()
    }

    private func perform(_ happening: Happening) throws {
        switch happening {
        case .diskTurn: try diskTurn()
        case .post(let life, let event):
            if life == self.life { try post(event) }
        case .observed(let life, let call, let answer, let from):
            if life == self.life { try self.answer(call, answer, from: from) }
        case .stranger: try actAsStranger()
        case .report(let life, let number, let kind):
            if life == self.life, engine != nil, !isStopping { try report(number, kind) }
        case .readFile(let life):
            if life == self.life { try readFile() }
        case .arrival(let id): try arrive(id)
        case .answer(let id): try answer(id)
        case .landing(let id): try land(id)
        case .mishap(let mishap): try befall(mishap)
        case .stopDue(let life):
            if life == self.life { throw Violation(.housekeeping, "the stop takes longer than its grace period") }
        case .diskHeals: isDiskFailing = false
        case .recordHeals(let number): refusing.remove(number)
        case .restart: try restart()
        case .operate(let life):
            if life == self.life { try endPauses() }
        case .clearUp: try clearUp()
        case .convergenceDue: try requireConvergence()
        case .end: try end()
        }
    }

    func schedule(_ happening: Happening, after delay: Milliseconds) {
        timeline.insert(happening, at: clock.elapsed + delay)
    }

    func note(_ text: @autoclosure () -> String) {
        trace.note(text(), at: clock.wall)
    }
}
