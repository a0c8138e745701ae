import Planning
import Reconciler
import Storage
import Testing

@Suite("A request and its durable record")
struct EngineCommitTests {
    /// Returns a bench with one new number, whose widening is requested and not done yet.
    private func departed() throws -> Bench {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1)])
        try bench.start()
        try bench.workOnce()
        return bench
    }

    @Test func `a request is sent only after the commit that widens its belief`() throws {
        let bench = try departed()
        guard case .commit(_, let mutations) = try #require(bench.storeWork.first) else {
            Issue.record("a commit comes first")
            return
        }
        let saved = mutations.compactMap { if case .save(let record, _, _) = $0 { record } else { nil } }
        let opened = mutations.compactMap { if case .openChange(let entry) = $0 { entry } else { nil } }
        #expect(saved.first?.belief.doubts.map(\.effect) == [.off])
        #expect(opened.map(\.id) == [1])
        #expect(bench.calls.isEmpty)
        try bench.workOnce()
        #expect(bench.calls.map(\.changeID) == [1])
        #expect(try bench.store.reader.unansweredChanges().map(\.id) == [1])
    }

    @Test func `a commit that fails sends nothing, and is tried again when the store works`() throws {
        let bench = try departed()
        try bench.workOnce(failing: true)
        #expect(bench.calls.isEmpty && bench.storeWork.isEmpty)
        #expect(try bench.record(1).belief == .unknown)
        let retryAt = try #require(bench.timer)
        #expect(retryAt == bench.now.advanced(by: .seconds(1)))
        try bench.wake()
        try bench.work()
        #expect(bench.calls.count == 1)
        #expect(try bench.record(1).belief.doubts.map(\.effect) == [.off])
    }

    @Test func `while the store fails, its waits double to a minute and nothing is sent`() throws {
        let bench = try departed()
        try bench.workOnce(failing: true)
        var waits: [Int64] = []
        for _ in 0..<9 {
            waits.append(bench.now.duration(to: try #require(bench.timer)).milliseconds / 1000)
            try bench.wake()
            #expect(bench.storeWork.count == 1)
            try bench.workOnce(failing: true)
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60, 60])
        #expect(bench.calls.isEmpty)
    }

    @Test func `an answer is durable before the number is sent anything else, also when the store fails meanwhile`()
        throws
    {
        let bench = try departed()
        try bench.work()
        bench.answer(bench.calls[0], .success)
        // The enable's widening carries the disable's answer with it.
        try bench.workOnce(failing: true)
        #expect(bench.calls.count == 1)
        try bench.wake()
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false, true])
        #expect(try bench.store.reader.unansweredChanges().map(\.id) == [bench.calls[1].changeID])
    }

    @Test func `a number that comes to rest while a page is read is not forgotten`() throws {
        let bench = try Bench()
        var rare = try Bench.desired(2)
        rare.reapplyEvery = nil
        try bench.adopt([try Bench.desired(1), rare])
        try bench.converge(1)
        try bench.converge(2, dueAfter: .seconds(2 * 86_400))
        try bench.start()
        bench.pass(.seconds(86_400))
        bench.post(.timerFired)
        try bench.work()
        // The page is requested without the first number, which rests by the time at which the page is read.
        bench.pass(.seconds(86_400))
        bench.post(.timerFired)
        guard case .load(.due(_, let excluded, _), _) = try #require(bench.storeWork.last) else {
            Issue.record("a page is asked for")
            return
        }
        #expect(excluded == [try Bench.number(1)])
        bench.answer(try #require(bench.calls.first), .success)
        try bench.work()
        let due = try #require(try bench.record(1).dueAt)
        #expect(due == bench.now.advanced(by: .seconds(86_400)))
        #expect(bench.timer == due)
    }
}
