public import Planning
public import Storage

/// The guards that hold numbers back without a trace in their own records: the fleet's pause, the clock, the exposure
/// budget, a stop, and endpoints that are down or whose limit for this minute is used up.
public struct GuardsInForce: Sendable {
    public let clock: ClockGuard
    public let fleetPause: Pause?
    /// The states that the running daemon has written; empty when none runs.
    public let states: [GuardState]
    /// The count of numbers that are exposed by us.
    public let exposed: Int
    /// The count of numbers that may be exposed at once at present; nil for no limit.
    public let permittedNow: Int?
    /// The numbers that hold places of the exposure budget for another reason than an open cycle in progress,
    /// ascending.
    public let holders: [ExposureHolder]
    private let budget: ExposureBudget
    private let places: ExposureBudget.Places
    private let down: Set<String>
    /// The endpoints whose rate limit numbers wait for, each with the instant at which it has room.
    private let limited: [String: Instant]
    private let isStopping: Bool
    /// The numbers whose record is set aside, each with the instant of the next try.
    private let setAside: [String: Instant]

    /// A number that holds a place of the exposure budget.
    public struct ExposureHolder: Hashable, Sendable {
        public let number: PhoneNumber
        public let kind: ExposureBudget.Kind
    }

    /// The count of holders that are shown on a line of their own.
    public static let maxShown = 5

    /// The limit of records in a cycle that are read; beyond it each number counts as one whose cycle is in progress.
    private static let maxHolders = 200

    /// Makes guards that hold nothing.
    public init() { self.init(clock: ClockGuard(), fleetPause: nil) }

    /// Reads the guards from the store. `isRunning` is true when a process works on it; states that an earlier process
    /// wrote have no meaning.
    public init(_ reader: StoreReader, policy: Policy, isRunning: Bool, at now: Instant) throws(StorageError) {
        clock = ClockGuard(highWaterMark: try reader.highWaterMark() ?? .distantPast)
        let fleetPause = try reader.fleetPause()
        self.fleetPause = fleetPause
        states = isRunning ? try reader.guardStates() : []
        let inCycle = try reader.numbersInOpenCycles()
        exposed = inCycle.count
        var holders: [ExposureHolder] = []
        var places = ExposureBudget.Places()
        places[.open] = max(0, inCycle.count - Self.maxHolders)
        for number in inCycle.prefix(Self.maxHolders) {
            let record: NumberRecord?
            do {
                record = try reader.closedRecord(number, at: now)
            } catch {
                // The reader of all records reports it; here it counts as a number whose cycle is in progress.
                places[.open] += 1
                continue
            }
            guard let kind = record?.place(fleetPause: fleetPause) else { continue }
            if kind != .open { holders.append(ExposureHolder(number: number, kind: kind)) }
            places[kind] += 1
        }
        self.holders = holders
        self.places = places
        // The daemon records this only while it permits fewer than the settings do.
        let reported = states.first { $0.kind == .exposureBudget }?.permitted
        permittedNow = policy.maxExposed.map { min($0, reported ?? $0) }
        budget = ExposureBudget(maximum: policy.maxExposed, permitted: reported ?? policy.maxExposed ?? 1)
        down = Set(states.filter { $0.kind == .endpointDown }.map(\.subject))
        limited = Dictionary(
            states.filter { $0.kind == .endpointLimit }.compactMap { state in state.until.map { (state.subject, $0) } },
            uniquingKeysWith: max)
        isStopping = states.contains { $0.kind == .stopping }
        setAside = Dictionary(
            states.filter { $0.kind == .unreadableRecord }.compactMap { state in
                state.since.map { (state.subject, $0.advanced(by: UnreadableNumber.rest)) }
            }, uniquingKeysWith: max)
    }

    /// The guards that a plan takes into account: limits that pass by themselves are not part of it.
    public var forPlanning: GuardsInForce {
        GuardsInForce(clock: clock, fleetPause: fleetPause)
    }

    private init(clock: ClockGuard, fleetPause: Pause?) {
        self.clock = clock
        self.fleetPause = fleetPause
        states = []
        exposed = 0
        permittedNow = nil
        holders = []
        places = ExposureBudget.Places()
        budget = ExposureBudget(maximum: nil)
        down = []
        limited = [:]
        isStopping = false
        setAside = [:]
    }

    /// True when the places of the budget permit a new cycle. With several numbers that cannot be enabled further ones
    /// are tried ever more rarely, at times that only the daemon knows.
    private var mayStartCycle: Bool {
        let isHeld = budget.maximum != nil && budget.permitted == 1 && places[.stuck] >= 2
        return !isHeld && budget.permitsCycle(places, now: SteadyInstant(milliseconds: 0))
    }

    /// Returns the decision, or a hold instead of a request that has to wait for a guard.
    func permit(_ decision: Decision, for record: NumberRecord, at now: Instant) -> Decision {
        if !setAside.isEmpty, let until = setAside[record.number.description] {
            return .hold(until: until, because: .unreadableRecord)
        }
        let decision = clock.permit(decision, for: record, at: now)
        guard case .send(let request, _) = decision else { return decision }
        if let desired = record.desired, down.contains(Account(of: desired).text) {
            return .hold(until: nil, because: .endpointDown)
        }
        if isStopping, !record.isExposed { return .hold(until: nil, because: .stopping) }
        if request.startsCycle, !mayStartCycle { return .hold(until: nil, because: .exposureBudget) }
        if record.urgency != .exposed, let until = record.desired.flatMap({ limited[Account(of: $0).text] }),
            until > now
        {
            return .hold(until: until, because: .endpointLimit)
        }
        return decision
    }
}
