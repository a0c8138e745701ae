import Planning
import Reconciler
import Storage
import Testing

/// I12: the engine's work in an hour of virtual time is bounded by what changed, whatever fails meanwhile.
@Suite("Nothing spins")
struct EngineQuietTests {
    /// The counts of an hour.
    private struct Hour {
        var events: Int
        var commits: Int
    }

    /// Lets an hour pass: fires every timer, answers every request with `reason`, and does the store's work, or lets it
    /// fail.
    private func hour(_ bench: Bench, answer reason: OutcomeReason = .success, failing: Bool = false) throws -> Hour {
        let (events, commits) = (bench.eventCount, bench.commitCount)
        let end = bench.now.advanced(by: .seconds(3600))
        for _ in 0..<100_000 {
            while !bench.storeWork.isEmpty { try bench.workOnce(failing: failing) }
            let answered = bench.eventCount
            for call in bench.calls { bench.answerOnce(call, reason) }
            if bench.eventCount > answered { continue }
            guard let timer = bench.timer, timer < end else { break }
            try bench.wake()
        }
        #expect(bench.timer.map { $0 >= end } ?? true, "the hour ends")
        return Hour(events: bench.eventCount - events, commits: bench.commitCount - commits)
    }

    private func settled(_ count: Int, policy: Policy = Policy()) throws -> Bench {
        let bench = try Bench(
            policy: policy, desiredStateGuard: DesiredStateGuard(maximumPercent: 20, holdsNewStore: false))
        try bench.adopt(try (1...count).map { try Bench.desired($0) })
        for index in 1...count { try bench.converge(index) }
        try bench.start()
        bench.read(Bench.state(try (1...count).map { try Bench.desired($0) }))
        try bench.work()
        return bench
    }

    @Test func `at rest nothing happens`() throws {
        let bench = try settled(100)
        let hour = try hour(bench)
        #expect(hour.events <= 1 && hour.commits == 0, "\(hour)")
    }

    @Test(arguments: [OutcomeReason.timeout, .authenticationRefused])
    func `in an outage there are the probes and their records`(_ reason: OutcomeReason) throws {
        let bench = try Bench()
        try bench.adopt(try (1...100).map { try Bench.desired($0, .disabled) })
        try bench.start()
        let hour = try hour(bench, answer: reason)
        // A probe every 15 s at most, each with its two commits, its answer, and the numbers that are loaded and
        // released with it.
        #expect(hour.commits <= 4 * 260 && hour.events <= 10 * 260, "\(hour)")
        #expect(bench.calls.count <= 260)
    }

    @Test func `under a held file nothing happens`() throws {
        let bench = try settled(100)
        bench.read(Bench.state(try (1...10).map { try Bench.desired($0) }))
        try bench.work()
        let held = bench.reports.contains { if case .desiredState(.held) = $0 { true } else { false } }
        #expect(held)
        let hour = try hour(bench)
        #expect(hour.events <= 1 && hour.commits == 0, "\(hour)")
    }

    @Test func `a record that the store refuses is tried once an hour`() throws {
        let bench = try settled(10)
        bench.refused = [try Bench.number(1)]
        bench.post(.ordered(OrderID(1), .reset, .numbers([try Bench.number(1)]), Bench.entry))
        let hour = try hour(bench)
        #expect(hour.events <= 20 && hour.commits <= 5, "\(hour)")
    }

    @Test func `a full disk is tried every minute, by one commit`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...100).map { try Bench.desired($0, .disabled) })
        try bench.start()
        let hour = try hour(bench, failing: true)
        #expect(hour.commits <= 80 && hour.events <= 250, "\(hour)")
        #expect(bench.calls.isEmpty)
    }

    @Test func `a limit that many wait for costs one look for each request`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...5000).map { try Bench.desired($0, .disabled) })
        try bench.start()
        let hour = try hour(bench)
        #expect(bench.calls.count >= 3600 - 60 && bench.calls.count <= 3660, "the limit is used")
        #expect(hour.events <= 6 * 3700, "\(hour)")
    }
}
