import Planning
import Reconciler
import Storage
import Testing

@Suite("Whose turn it is")
struct EngineOrderTests {
    private func numbers(_ calls: [VendorCall]) -> [PhoneNumber] { calls.map(\.number) }

    @Test func `an exposed number goes first, whatever was due before it`() throws {
        var policy = Policy()
        policy.concurrency = 1
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...4).map { try Bench.desired($0, $0 == 4 ? .enabled : .disabled) })
        for index in 1...3 { try bench.believe(index, off: true, generations: [1]) { $0.dueAt = bench.now } }
        try bench.expose(4, due: bench.now.advanced(by: .seconds(1)))
        bench.pass(.seconds(2))
        try bench.start()
        try bench.work()
        #expect(numbers(bench.calls) == [try Bench.number(4)])
        #expect(bench.calls[0].isEnable)
    }

    @Test func `no more requests are in flight than permitted, and the next leaves when one is answered`() throws {
        var policy = Policy()
        policy.concurrency = 3
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...8).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        #expect(bench.calls.count == 3)
        bench.answer(bench.calls[1], .success)
        try bench.work()
        #expect(bench.calls.count == 4)
        #expect(Set(numbers(bench.calls)).count == 4)
    }

    @Test func `one request is in flight a number, even when its entry changes and its time comes meanwhile`() throws {
        let bench = try Bench()
        let entry = try Bench.desired(1, .disabled)
        try bench.adopt([entry])
        try bench.start()
        try bench.work()
        #expect(bench.calls.count == 1)
        var changed = entry
        changed.verification = .enabled
        bench.read(Bench.state([changed]))
        try bench.work()
        bench.read(nil)
        try bench.work()
        bench.pass(.seconds(3600))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.count == 1)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false, true])
    }

    @Test func `cycles start one at a time, then two, and one again after an enable that was not accepted`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...9).map { try Bench.desired($0) })
        try bench.start()
        try bench.work()
        func answerAll(_ reason: OutcomeReason) throws {
            for call in bench.calls where !answered.contains(call.changeID) {
                answered.insert(call.changeID)
                bench.answer(call, reason)
            }
            try bench.work()
        }
        var answered: Set<Int64> = []
        #expect(bench.calls.map(\.isEnable) == [false])
        try answerAll(.success)
        #expect(bench.calls.suffix(1).map(\.isEnable) == [true])
        try answerAll(.success)
        #expect(bench.calls.suffix(2).map(\.isEnable) == [false, false])
        try answerAll(.success)
        #expect(bench.calls.suffix(2).map(\.isEnable) == [true, true])
        // Both fail: whatever the budget permits, no other number is exposed before these two are on again.
        try answerAll(.serverError)
        #expect(bench.calls.count == 6)
        #expect(try bench.store.reader.numbersInOpenCycles().count == 2)
    }

    @Test func `a place of the exposure budget is free only when the end of the cycle is durable`() throws {
        var policy = Policy()
        policy.maxExposed = 1
        let bench = try Bench(policy: policy)
        try bench.adopt([try Bench.desired(1), try Bench.desired(2)])
        try bench.expose(1)
        try bench.start()
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true])
        bench.answer(bench.calls[0], .success)
        let departures = bench.storeWork.filter {
            guard case .commit(_, let mutations) = $0 else { return false }
            return mutations.contains { if case .openChange = $0 { true } else { false } }
        }
        #expect(departures.isEmpty)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, false])
    }

    @Test func `a number that was off before and may be on by now is disabled for certainty only under the budget`()
        throws
    {
        var policy = Policy()
        policy.maxExposed = 1
        let bench = try Bench(policy: policy)
        try bench.adopt([try Bench.desired(1), try Bench.desired(2)])
        try bench.expose(1)
        try bench.believe(2, off: true, generations: [1]) { record in
            record.cycle = NumberRecord.Cycle(since: bench.now, reason: .enabling)
            record.refusals = NumberRecord.Refusals(action: .enable, count: 2)
            record.dueAt = bench.now
        }
        try bench.start()
        try bench.work()
        #expect(numbers(bench.calls) == [try Bench.number(1)])
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(numbers(bench.calls) == [try Bench.number(1), try Bench.number(2)])
        #expect(bench.calls.map(\.isEnable) == [true, false])
    }

    @Test func `an endpoint's requests for a minute are kept to the limit, and the timer is armed for the next`() throws
    {
        var policy = Policy()
        policy.requestsPerMinute = 2
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...3).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        #expect(bench.calls.count == 2)
        #expect(bench.timer == bench.now.advanced(by: .seconds(60)))
        try bench.wake()
        try bench.work()
        #expect(bench.calls.count == 3)
    }

    @Test
    func `a number that is asked to wait waits alone; after a second one within a minute the endpoint is left alone`()
        throws
    {
        var policy = Policy()
        policy.concurrency = 1
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...3).map { try Bench.desired($0, .disabled) })
        try bench.start()
        try bench.work()
        bench.answer(bench.calls[0], .rateLimited, retryAfter: .seconds(90))
        try bench.work()
        #expect(numbers(bench.calls) == [try Bench.number(1), try Bench.number(2)])
        bench.answer(bench.calls[1], .rateLimited, retryAfter: .seconds(90))
        try bench.work()
        #expect(bench.calls.count == 2)
        #expect(bench.timer == bench.now.advanced(by: .seconds(90)))
        try bench.wake()
        try bench.work()
        #expect(bench.calls.count == 3)
    }
}
