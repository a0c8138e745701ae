/// Options of a simulation.
public struct SimulationOptions: Sendable {
    /// The wall clock may be set forward past the settle delay while a request is in doubt: known to be unsound.
    public var allowsSurprisingJumps = false
    /// The disk confirms what it has not flushed, and a crash is a power failure: must be caught.
    public var skipsSync = false
    /// Whether numbers are observed, and changed by others; nil for what follows from the seed.
    public var observers: Observers.Kind?
    /// Whether an older copy of the store is put back once; nil for what follows from the seed.
    public var restores: Bool?
    /// No crashes, stops or edits: only then do runs with and without observers live through the same time, and can be compared.
    public var isSteady = false
    /// How many lines of the trace a failure shows.
    public var traceLines = 30
    /// After so many events the weather clears.
    public var mostStormyEvents = Scenario.stormyEvents
    /// A run that takes more events does not end by itself.
    public var mostEvents = 60_000

    public init() {}
}

/// How a simulation ended.
public struct SimulationReport: Sendable {
    public let seed: UInt64
    public let counters: Counters
    /// Equal for equal runs.
    public let fingerprint: UInt64
    /// What did not hold; nil when everything did.
    public let failure: String?
    /// The last lines of what happened, oldest first.
    public let trace: [String]
}

/// Weeks to months in the life of the real engine, planner and store, in one thread and from one seed.
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
