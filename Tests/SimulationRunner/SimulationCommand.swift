import Glibc
import Simulation

/// Runs seeds and writes one line for each; `scripts/simulate.sh` distributes the seeds over the cores.
@main
struct SimulationCommand {
    static func main() {
        if let request = YearRequest(Array(CommandLine.arguments.dropFirst())) { exit(live(request)) }
        guard let request = RunRequest(Array(CommandLine.arguments.dropFirst())) else {
            print(RunRequest.usage)
            exit(64)
        }
        for index in 0..<request.count {
            let seed = request.first &+ UInt64(index) &* request.stride
            // After a trap this line is the last one and names the seed.
            print("begin \(seed)")
            fflush(nil)
            let report = Simulation.run(seed: seed, options: request.options)
            if request.showsTrace { for line in report.trace { print(line) } }
            if let failure = report.failure {
                if !request.showsTrace { for line in report.trace { print("trace \(line)") } }
                print("failed \(seed) \(failure)")
                if !request.goesOn { exit(1) }
                continue
            }
            print("done \(seed) \(report.line)")
        }
    }
}

/// The request on the command line.
struct RunRequest {
    static let usage = """
        usage: simulation [--first SEED] [--seeds COUNT] [--stride STEP] [--replay SEED] [--lines N] [--go-on]
                          [--surprising-jumps] [--skip-sync] [--observers none|observers|strangers]
                          [--restores] [--steady] [--stormy-events N]
               simulation --year NUMBERS DAYS DIR
        """

    var first: UInt64 = 1
    var count = 1
    var stride: UInt64 = 1
    var showsTrace = false
    var goesOn = false
    var options = SimulationOptions()

    init?(_ arguments: [String]) {
        var rest = arguments[...]
        while let name = rest.popFirst() {
            switch name {
            case "--surprising-jumps": options.allowsSurprisingJumps = true
            case "--skip-sync": options.skipsSync = true
            case "--go-on": goesOn = true
            case "--restores": options.restores = true
            case "--steady": options.isSteady = true
            case "--observers":
                guard let kind = rest.popFirst().flatMap(Observers.Kind.init(rawValue:)) else { return nil }
                options.observers = kind
            default:
                guard let text = rest.popFirst(), let value = UInt64(text), value <= UInt64(Int64.max) else {
                    return nil
                }
                switch name {
                case "--first": first = value
                case "--count", "--seeds": count = Int(value)
                case "--stride": stride = value
                case "--stormy-events":
                    options.maxStormyEvents = Int(value)
                    options.maxEvents = Int(value) + options.maxEvents
                case "--lines": options.traceLines = Int(value)
                case "--replay":
                    first = value
                    count = 1
                    showsTrace = true
                default: return nil
                }
            }
        }
    }
}

extension SimulationReport {
    /// The figures of one run as `name=value` pairs.
    var line: String {
        let figures: [(String, Int)] = [
            ("events", counters.events), ("requests", counters.requests), ("crashes", counters.crashes),
            ("clean_stops", counters.cleanStops), ("edits", counters.edits),
            ("invalid_files", counters.invalidFiles), ("held_states", counters.heldStates),
            ("orders", counters.orders), ("outages", counters.outages), ("clock_jumps", counters.clockJumps),
            ("store_failures", counters.storeFailures), ("late_landings", counters.lateLandings),
            ("restores", counters.restores),
            ("accepted_enables", counters.rotations), ("exposures", counters.exposures),
            ("observations", counters.observations), ("strangers", counters.strangers),
            ("pruned_changes", counters.prunedChanges),
            ("healthy_stops", counters.healthyStops), ("off_times", counters.offTimes),
            ("slow_off_times", counters.slowOffTimes), ("urgent_requests", counters.urgentRequests),
            ("corrected_clocks", counters.correctedClocks), ("longest_off_ms", Int(counters.longestOff)),
            ("longest_urgent_wait_ms", Int(counters.longestUrgentWait)),
            ("longest_clock_delay_ms", Int(counters.longestClockDelay)),
            ("virtual_seconds", Int(counters.virtualMilliseconds / 1000)),
        ]
        let faults = counters.faults.sorted { $0.key < $1.key }.map { fault, count in
            ("fault:" + fault.rawValue.split(separator: " ").joined(separator: "_"), count)
        }
        return "fingerprint=" + String(fingerprint, radix: 16) + " "
            + (figures + faults).map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }
}
