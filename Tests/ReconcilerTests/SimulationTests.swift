import Simulation
import Testing

@Suite("The simulation of engine, planner and store")
struct SimulationTests {
    /// As many as a debug build can run in a minute; `scripts/mutate.sh --gate` runs 200 in release.
    static let seeds: [UInt64] = Array(1...12)

    @Test(arguments: seeds)
    func `every invariant holds through crashes, faults, edits, clock jumps and store failures`(_ seed: UInt64) {
        let report = Simulation.run(seed: seed)
        let story = report.trace.joined(separator: "\n")
        #expect(
            report.failure == nil,
            "seed \(seed): \(report.failure ?? "")\n\(story)\nagain: scripts/simulate.sh --replay \(seed)")
    }

    @Test(arguments: [3, 20, 61] as [UInt64])
    func `the same seed gives the same run, byte for byte`(_ seed: UInt64) {
        var options = SimulationOptions()
        options.traceLines = 1_000_000
        let (first, second) = (
            Simulation.run(seed: seed, options: options), Simulation.run(seed: seed, options: options)
        )
        #expect(first.trace == second.trace)
        #expect(first.fingerprint == second.fingerprint)
        #expect(first.counters == second.counters)
    }

    @Test func `old history goes while all of that happens`() {
        let counters = Simulation.run(seed: 2).counters
        #expect(counters.prunedChanges > 0 && counters.prunedChanges < counters.requests)
    }

    @Test func `an older store that is put back is noticed, and its numbers are reset`() {
        var options = SimulationOptions()
        options.restores = true
        var restores = 0
        for seed in 1...6 as ClosedRange<UInt64> {
            let report = Simulation.run(seed: seed, options: options)
            #expect(report.failure == nil, "seed \(seed): \(report.trace.joined(separator: "\n"))")
            restores += report.counters.restores
        }
        #expect(restores >= 3)
    }

    @Test func `different seeds give different runs`() {
        #expect(Simulation.run(seed: 1).fingerprint != Simulation.run(seed: 2).fingerprint)
    }

    @Test func `a disk that confirms what it has not written is caught`() {
        var options = SimulationOptions()
        options.skipsSync = true
        let caught = (1...40).contains { Simulation.run(seed: UInt64($0), options: options).failure != nil }
        #expect(caught)
    }
}
