/// Options of a simulation.
public struct SimulationOptions: Sendable {
    /// True to let the wall clock be set forward past the settle delay while a request is in doubt, which is known to
    /// be unsound.
    public var allowsSurprisingJumps = false
    /// True to make the disk confirm unflushed writes and each crash a power failure, which must be detected.
    public var skipsSync = false
    /// The observers and strangers of the run; nil to derive them from the seed.
    public var observers: Observers.Kind?
    /// Whether an older copy of the store is put back once; nil for what follows from the seed.
    public var restores: Bool?
    /// True for a run without crashes, stops or edits: only then do runs with and without observers have the same
    /// timeline and can be compared.
    public var isSteady = false
    /// The count of lines of the trace that a failure shows.
    public var traceLines = 30
    /// The count of events after which the weather clears.
    public var maxStormyEvents = Scenario.stormyEvents
    /// The maximum count of events; a run that takes more does not end by itself.
    public var maxEvents = 60_000

    public init() {}
}

/// The result of a simulation.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let counters: Counters
    /// A fingerprint, equal for equal runs.
    public let fingerprint: UInt64
    /// The failure; nil when every invariant held.
    public let failure: String?
    /// The last lines of the trace, oldest first.
    public let trace: [String]
}

/// Weeks to months of operation of the real engine, planner and store, in one thread and from one seed.
public enum Simulation {
    public static func run(seed: UInt64, options: SimulationOptions = SimulationOptions()) -> SimulationReport {
        do {
            let world = try World(seed: seed, options: options)
            defer { world.restore.cleanUp() }
            var failure: String?
            do {
                try world.run()
            } catch let violation as Violation {
                failure = "\(violation.invariant.rawValue) \(violation.invariant): \(violation.message)"
            } catch {
                failure = "unexpected error: \(error)"
            }
            return SimulationReport(
                seed: seed, counters: world.counters, fingerprint: world.trace.fingerprint, failure: failure,
                trace: world.trace.remembered)
        } catch {
            return SimulationReport(
                seed: seed, counters: Counters(), fingerprint: 0, failure: "the world did not begin: \(error)",
                trace: [])
        }
    }
}
