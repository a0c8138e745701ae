import Planning
import Reconciler
import Storage
import Testing

@Suite("A desired state taken into force while a request is on its way")
struct EngineAdoptionTests {
    /// A bench with one number that is enabled and being re-applied: the enable is in flight.
    private func reapplying() throws -> Bench {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1)])
        try bench.converge(1)
        try bench.start()
        bench.pass(.seconds(86_400))
        bench.tell(.timerFired)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true])
        return bench
    }

    @Test("a number that should be disabled now is disabled after the answer")
    func changed() throws {
        let bench = try reapplying()
        bench.tell(.desiredStateRead(Bench.state([try Bench.desired(1, .disabled)])))
        try bench.work()
        #expect(bench.calls.count == 1)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, false])
        bench.answer(bench.calls[1], .success)
        try bench.work()
        #expect(try bench.record(1).belief.certainEffect == .off)
    }

    @Test("a number that left the file is sent nothing more, and its answer is kept")
    func removed() throws {
        let bench = try reapplying()
        bench.tell(.desiredStateRead(Bench.state([])))
        try bench.work()
        bench.answer(bench.calls[0], .timeout)
        try bench.work()
        bench.pass(.seconds(30 * 86_400))
        bench.tell(.timerFired)
        try bench.work()
        #expect(bench.calls.count == 1)
        let record = try bench.record(1)
        #expect(record.desired == nil && record.dueAt == nil)
        #expect(record.belief.doubts.map(\.effect) == [.on(1)])
        #expect(try bench.store.reader.unansweredChanges().isEmpty)
    }

    @Test("a number that left the file while its widening was written is not sent that request")
    func removedWhileCommitting() throws {
        let bench = try Bench()
        let numbers = [try Bench.desired(1, .disabled)]
        try bench.adopt(numbers)
        try bench.start()
        try bench.workOnce()
        // The engine is told of the adoption before the commit's confirmation: another disk may order them so.
        let commit = try #require(bench.storeWork.first)
        guard case .commit(let id, let mutations) = commit else {
            Issue.record("the widening is written")
            return
        }
        bench.tell(.desiredStateRead(Bench.state([])))
        try bench.store.commit(mutations)
        bench.tell(.adopted(try bench.store.adopt(Bench.state([]), at: bench.now)))
        bench.tell(.committed(id))
        #expect(bench.calls.isEmpty)
    }

    @Test("nothing departs between a new file and its adoption")
    func waitsForAdoption() throws {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1, .disabled)])
        try bench.start()
        bench.tell(.desiredStateRead(Bench.state([])))
        try bench.work()
        #expect(bench.calls.isEmpty)
    }

    @Test("another endpoint while a request is in flight makes a foreign PIN possible")
    func endpointChanged() throws {
        let bench = try reapplying()
        var moved = try Bench.desired(1)
        moved.endpoint = .legacy
        bench.tell(.desiredStateRead(Bench.state([moved])))
        try bench.work()
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.endpoint) == [.v4, .legacy])
        #expect(bench.calls.map(\.isEnable) == [true, false])
        #expect(try bench.record(1).belief.maybeForeign)
    }

    @Test("an adoption that fails is tried again when the store works")
    func adoptionFails() throws {
        let bench = try Bench()
        try bench.start()
        bench.tell(.desiredStateRead(Bench.state([try Bench.desired(1, .disabled)])))
        try bench.workOnce(failing: true)
        #expect(bench.storeWork.isEmpty)
        try bench.wake()
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(1)])
    }

    @Test("a new value of an operator-owned PIN is set when the store failed at first")
    func operatorPINSurvivesStoreFailure() throws {
        let bench = try Bench()
        var entry = try Bench.desired(1)
        entry.operatorPINName = "known"
        entry.reapplyEvery = nil
        try bench.adopt([entry])
        let first = try #require(PIN(digits: "385037"))
        try bench.converge(1)
        try bench.start()
        bench.tell(.operatorPINsRead(["known": first], changed: [entry.number]))
        try bench.workOnce(failing: true)
        for _ in 0..<5 where bench.calls.isEmpty {
            try bench.wake()
            try bench.work()
        }
        #expect(bench.calls.map(\.isEnable) == [false])
    }

    @Test("a number of a file that was overtaken before its adoption is not looked for in the store")
    func overtakenFile() throws {
        let bench = try Bench()
        try bench.start()
        var entry = try Bench.desired(1)
        entry.operatorPINName = "known"
        let pin = try #require(PIN(digits: "275926"))
        bench.tell(.desiredStateRead(Bench.state([])))
        bench.tell(.desiredStateRead(Bench.state([entry])))
        bench.tell(.operatorPINsRead(["known": pin], changed: [entry.number]))
        bench.tell(.desiredStateRead(Bench.state([try Bench.desired(2, .disabled)])))
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(2)])
    }
}
