import Planning
import Reconciler
import Testing

@Suite("Who is not kept waiting")
struct EngineFairnessTests {
    private static let dead = Endpoint.legacy
    private static let waiting = 2200

    /// Returns a bench with more numbers than are in work at once, due at an endpoint that does not answer, and 20 at
    /// one that does.
    private func crowded(_ policy: Policy = Policy()) throws -> Bench {
        let bench = try Bench(policy: policy)
        let atDead = try (1...Self.waiting).map { index in
            var desired = try Bench.desired(index, .disabled)
            desired.endpoint = Self.dead
            return desired
        }
        try bench.adopt(atDead + (1...20).map { try Bench.desired(5000 + $0, .disabled) })
        return bench
    }

    @Test func `numbers at a healthy endpoint do not wait for those of a dead one, however many they are`() throws {
        var policy = Policy()
        policy.requestsPerMinute = nil
        let bench = try crowded(policy)
        try bench.start()
        for _ in 0..<200 {
            try bench.work()
            for call in bench.calls {
                bench.answerOnce(call, call.endpoint == Self.dead ? .connectTimeout : .success)
            }
        }
        let healthy = bench.calls.filter { $0.endpoint != Self.dead }
        #expect(Set(healthy.map(\.number)).count == 20)
        #expect(bench.calls.count < 200, "nothing but probes goes to the dead endpoint")
    }

    @Test func `a number that should be on and is off is next, however many wait to be taken over`() throws {
        let bench = try Bench()
        let takenOver = try (1...Self.waiting).map { try Bench.desired($0) }
        let off = Self.waiting + 1
        try bench.adopt(takenOver + [try Bench.desired(off)])
        try bench.converge(off)
        try bench.start()
        try bench.work()
        // The first minute is used up while this number is not due.
        for _ in 0..<200 {
            for call in bench.calls { bench.answerOnce(call, .success) }
            try bench.work()
        }
        let before = bench.calls.count
        #expect(before >= 60 && !bench.calls.contains { $0.number == (try? Bench.number(off)) })
        // It is seen off, and an order makes the engine replan it.
        try bench.believe(off, off: true) { $0.dueAt = bench.now }
        bench.post(
            .ordered(
                OrderID(1), .reapply, .numbers([try Bench.number(off)]), Bench.entry))
        try bench.work()
        try bench.wake()
        try bench.work()
        for _ in 0..<20 where bench.calls.count == before {
            try bench.wake()
            try bench.work()
        }
        #expect(bench.calls.dropFirst(before).first?.number == (try Bench.number(off)))
    }

    @Test func `what waits is read in parts, each number once, and everything has its turn`() throws {
        var policy = Policy()
        policy.requestsPerMinute = nil
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...3000).map { try Bench.desired($0, .disabled) })
        try bench.start()
        var answered = 0
        for _ in 0..<10_000 where answered < 3000 {
            try bench.work()
            let calls = bench.calls
            for call in calls.dropFirst(answered) { bench.answer(call, .success) }
            answered = calls.count
        }
        #expect(Set(bench.calls.map(\.number)).count == 3000 && bench.calls.count == 3000)
        #expect(bench.timer.map { $0 > bench.now } ?? true, "nothing is read for nothing")
    }

    @Test func `an exposed number of ours is next after its endpoint's minute, however many were off before`() throws {
        var policy = Policy()
        policy.requestsPerMinute = 2
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...1500).map { try Bench.desired($0) })
        for index in 1...1499 {
            try bench.believe(index, off: true) { record in
                record.lastAccepted = .off
                record.cycle = NumberRecord.Cycle(since: bench.now, reason: .enabling)
                record.dueAt = bench.now
            }
        }
        try bench.expose(1500)
        try bench.start()
        try bench.work()
        #expect(bench.calls.first?.number == (try Bench.number(1500)))
    }
}
