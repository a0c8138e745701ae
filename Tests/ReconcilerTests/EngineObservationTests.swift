import Planning
import Reconciler
import Storage
import Testing

@Suite("Observers are asked at their own pace, and nothing waits for them")
struct EngineObservationTests {
    private static func desired(_ index: Int) throws -> DesiredNumber {
        var entry = try Bench.desired(index)
        entry.phoneNumberID = PhoneNumberID("1065403522429\(10 + index)")
        entry.observer = Observer(tokenName: "o", endpoint: .url("https://graph.example.com"))
        entry.reapplyEvery = nil
        entry.rotateEvery = nil
        return entry
    }

    private static func bench(_ count: Int, policy: Policy = Policy()) throws -> Bench {
        let bench = try Bench(policy: policy)
        try bench.adopt(try (1...count).map { try Self.desired($0) })
        try bench.start()
        try bench.work()
        return bench
    }

    @Test func `a first contact that is seen off gets one enable, and no disable`() throws {
        let bench = try Self.bench(1)
        #expect(bench.questions.map(\.number) == [try Bench.number(1)])
        #expect(bench.calls.isEmpty)
        bench.post(.observed(id: bench.questions[0].id, .disabled))
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true])
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(try bench.record(1).belief.generations == [1])
    }

    @Test func `an observer that fails holds nothing back`() throws {
        let bench = try Self.bench(1)
        bench.post(.observed(id: bench.questions[0].id, .unknown(Outcome(.timeout))))
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false])
        #expect(try bench.record(1).observations.failure == "no answer in time")
    }

    @Test func `what is turned off by others is found, an event says so, and it is enabled`() throws {
        let bench = try Self.bench(1)
        bench.post(.observed(id: bench.questions[0].id, .disabled))
        try bench.work()
        bench.answer(bench.calls[0], .success)
        try bench.work()
        for _ in 0..<20 where bench.questions.count < 2 {
            try bench.wake()
            try bench.work()
        }
        #expect(bench.now >= Bench.start.advanced(by: .seconds(600)), "not before it is evidence")
        bench.post(.observed(id: bench.questions[1].id, .disabled))
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, true])
        let events = try bench.store.reader.events(matching: HistoryFilter(), limit: 100).map(\.entry.kind)
        #expect(events.filter { $0 == .drift }.count == 1)
        bench.answer(bench.calls[1], .success)
        try bench.work()
        #expect(try bench.record(1).observations.drift == nil)
    }

    @Test func `no minute holds more questions than the limit; the others wait in the store, or go without`() throws {
        var policy = Policy()
        policy.observationsPerMinute = 3
        let bench = try Self.bench(8, policy: policy)
        #expect(bench.questions.count == 3)
        var seen = 0
        var isBusy = true
        let end = Bench.start.advanced(by: .seconds(119))
        while isBusy || bench.timer.map({ $0 < end }) ?? false {
            if !isBusy { try bench.wake() }
            let (questions, calls) = (bench.questions.count, bench.calls.count)
            for question in bench.questions.dropFirst(seen) { bench.post(.observed(id: question.id, .disabled)) }
            seen = questions
            for call in bench.calls { bench.answerOnce(call, .success) }
            try bench.work()
            isBusy = bench.questions.count > questions || bench.calls.count > calls
        }
        #expect(seen <= 6)
        #expect(Set(bench.calls.map(\.number)).count == 8, "no number waits longer than a minute for its question")
    }

    @Test func `while an observer is down, the numbers that fall due are spread as its limit has it`() throws {
        var policy = Policy()
        policy.observationsPerMinute = 2
        let bench = try Self.bench(8, policy: policy)
        var seen = 0
        let end = Bench.start.advanced(by: .seconds(9 * 3600))
        while bench.now < end {
            for question in bench.questions.dropFirst(seen) {
                // Down from two hours on.
                let isUp = bench.now < Bench.start.advanced(by: .seconds(7200))
                bench.post(.observed(id: question.id, isUp ? .disabled : .unknown(Outcome(.timeout))))
            }
            let questions = bench.questions.count
            for call in bench.calls { bench.answerOnce(call, .success) }
            try bench.work()
            seen = questions
            if bench.questions.count == questions { try bench.wake() }
        }
        let due = try (1...8).compactMap { try bench.record($0).dueAt }.filter { $0 > bench.now }.sorted()
        #expect(due.count >= 6, "\(due)")
        let gaps = zip(due, due.dropFirst()).map { $0.duration(to: $1) }
        #expect(gaps.allSatisfy { $0 >= .seconds(25) }, "\(gaps)")
    }

    @Test func `an order does not wait for the observer's answer, which then says nothing`() throws {
        let bench = try Self.bench(1)
        let report = Observation(.off, at: bench.now, source: "ops")
        bench.post(.ordered(OrderID(1), .observe(report), .numbers([try Bench.number(1)]), Bench.entry))
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false], "a report proves nothing: it is reset, at once")
        bench.post(.observed(id: bench.questions[0].id, .disabled))
        #expect(bench.calls.count == 1)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false, true])
        #expect(try bench.record(1).observations.newest == report)
    }

    @Test func `a stop waits for no observer`() throws {
        let bench = try Self.bench(1)
        bench.post(.stopRequested)
        try bench.work()
        #expect(bench.engine.hasStopped)
    }
}
