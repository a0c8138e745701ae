import Planning
import Reconciler
import Testing

@Suite("The clean stop")
struct EngineStoppingTests {
    private func stopped(_ bench: Bench) -> (exposed: [PhoneNumber], unanswered: Int)? {
        for report in bench.reports {
            if case .stopped(let exposed, let unanswered) = report { return (exposed, unanswered) }
        }
        return nil
    }

    /// Returns a bench with two numbers due for rotation: the first is already disabled, and its answer is in flight.
    private func rotating() throws -> Bench {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1), try Bench.desired(2)])
        try bench.converge(1)
        try bench.converge(2)
        try bench.start()
        bench.pass(.seconds(120 * 86_400))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false])
        return bench
    }

    @Test func `an engine at rest stops at once`() throws {
        let bench = try Bench()
        try bench.start()
        bench.post(.stopRequested)
        #expect(bench.engine.hasStopped)
        #expect(stopped(bench)?.exposed == [])
    }

    @Test func `a number between disable and enable is enabled first, and no other cycle begins`() throws {
        let bench = try rotating()
        bench.post(.stopRequested)
        #expect(!bench.engine.hasStopped)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false, true])
        bench.answer(bench.calls[1], .success)
        try bench.work()
        #expect(bench.engine.hasStopped)
        #expect(bench.calls.count == 2)
        #expect(stopped(bench)?.exposed == [] && stopped(bench)?.unanswered == 0)
        #expect(try bench.record(1).isAsDesired)
    }

    @Test func `the grace period ends the stop, and says who is left exposed`() throws {
        let bench = try rotating()
        bench.post(.stopRequested)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.count == 2)
        bench.pass(.seconds(25))
        bench.post(.timerFired)
        #expect(bench.engine.hasStopped)
        #expect(stopped(bench)?.exposed == [try Bench.number(1)])
        #expect(stopped(bench)?.unanswered == 1)
    }

    @Test func `the next process enables what the last one left exposed, before anything else`() throws {
        let bench = try rotating()
        bench.answer(bench.calls[0], .success)
        try bench.work()
        try bench.start()
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false, true, true])
        #expect(bench.calls.map(\.changeID) == [1, 2, 3])
        #expect(bench.calls.allSatisfy { $0.number == bench.calls[0].number })
    }
}
