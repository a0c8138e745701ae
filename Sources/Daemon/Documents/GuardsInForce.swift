public import Planning
public import Storage

/// What holds numbers back that no number's own record tells of: the fleet's pause, the clock, the exposure budget, and
/// endpoints that are down.
public struct GuardsInForce: Sendable {
    public let clock: ClockGuard
    public let fleetPause: Pause?
    /// What the running daemon has written; empty when none runs.
    public let states: [GuardState]
    /// Numbers that are exposed by us.
    public let exposed: Int
    /// How many numbers may be exposed at once just now; nil for any number.
    public let permittedNow: Int?
    private let down: Set<String>
    /// Numbers whose record is set aside, each with the instant at which it is tried again.
    private let setAside: [String: Instant]

    /// Nothing holds.
    public init() { self.init(clock: ClockGuard(), fleetPause: nil) }

    /// What the store says. `isRunning` says whether a process works on it: what an earlier one wrote means nothing.
    public init(_ reader: StoreReader, policy: Policy, isRunning: Bool) throws(StorageError) {
        clock = ClockGuard(highWaterMark: try reader.highWaterMark() ?? .distantPast)
        fleetPause = try reader.fleetPause()
        states = isRunning ? try reader.guardStates() : []
        exposed = try reader.exposedNumbers().count
        // The daemon tells of it only while it permits fewer than the settings do.
        let told = states.first { $0.kind == .exposureBudget }?.permitted
        permittedNow = policy.maxExposed.map { min($0, told ?? $0) }
        down = Set(states.filter { $0.kind == .endpointDown }.map(\.subject))
        setAside = Dictionary(
            states.filter { $0.kind == .unreadableRecord }.compactMap { state in
                state.since.map { (state.subject, $0.advanced(by: UnreadableNumber.rest)) }
            }, uniquingKeysWith: max)
    }

    /// What a plan takes into account: limits that pass by themselves are not part of it.
    public var forPlanning: GuardsInForce {
        GuardsInForce(clock: clock, fleetPause: fleetPause)
    }

    private init(clock: ClockGuard, fleetPause: Pause?) {
        self.clock = clock
        self.fleetPause = fleetPause
        states = []
        exposed = 0
        permittedNow = nil
        down = []
        setAside = [:]
    }

    /// The decision, or a hold instead of a request that has to wait for a guard.
    func permit(_ decision: Decision, for record: NumberRecord, at now: Instant) -> Decision {
        if !setAside.isEmpty, let until = setAside[record.number.description] {
            return .hold(until: until, because: .unreadableRecord)
        }
        let decision = clock.permit(decision, for: record, at: now)
        guard case .send(let request, _) = decision else { return decision }
        if let endpoint = record.desired?.endpoint, down.contains(endpoint.text) {
            return .hold(until: nil, because: .endpointDown)
        }
        if request.startsCycle, let permittedNow, exposed >= permittedNow {
            return .hold(until: nil, because: .exposureBudget)
        }
        return decision
    }
}
