import Planning
import Reconciler
import Storage
import Testing

@Suite("A desired state taken into force while a request is on its way")
struct EngineAdoptionTests {
    /// Returns a bench with one number that is enabled and being re-applied: the enable is in flight.
    private func reapplying() throws -> Bench {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1)])
        try bench.converge(1)
        try bench.start()
        bench.pass(.seconds(86_400))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true])
        return bench
    }

    @Test func `a number that should be disabled now is disabled after the answer`() throws {
        let bench = try reapplying()
        bench.read(Bench.state([try Bench.desired(1, .disabled)]))
        try bench.work()
        #expect(bench.calls.count == 1)
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, false])
        bench.answer(bench.calls[1], .success)
        try bench.work()
        #expect(try bench.record(1).belief.certainEffect == .off)
    }

    @Test func `a number that left the file is sent nothing more, and its answer is kept`() throws {
        let bench = try reapplying()
        bench.read(Bench.state([]))
        try bench.work()
        bench.answer(bench.calls[0], .timeout)
        try bench.work()
        bench.pass(.seconds(30 * 86_400))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.count == 1)
        let record = try bench.record(1)
        #expect(record.desired == nil && record.dueAt == nil)
        #expect(record.belief.doubts.map(\.effect) == [.on(1)])
        #expect(try bench.store.reader.unansweredChanges().isEmpty)
    }

    @Test func `nothing is written while an adoption is under way, so that no answer is saved over it`() throws {
        let bench = try reapplying()
        var moved = try Bench.desired(1)
        moved.endpoint = .legacy
        bench.read(Bench.state([moved]))
        guard case .adopt = try #require(bench.storeWork.first), bench.storeWork.count == 1 else {
            Issue.record("an adoption is asked for")
            return
        }
        bench.answer(bench.calls[0], .success)
        #expect(bench.storeWork.count == 1, "the answer waits for the end of the adoption")
        try bench.workOnce()
        #expect(try bench.record(1).belief.elements == ["off", "foreign", "on(1)"])
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, false], "everything is possible at the other endpoint")
        let record = try bench.record(1)
        #expect(record.belief.elements == ["off", "foreign", "on(1)"])
        #expect(try bench.store.reader.unansweredChanges().map(\.id) == [bench.calls[1].changeID])
    }

    @Test func `a row that somebody else has written is not overwritten: the number is read again`() throws {
        let bench = try reapplying()
        bench.answer(bench.calls[0], .success)
        // The answer is on its way to the disk, and meanwhile the row is written without the engine.
        let order = Order.reset
        try bench.store.commit([.order(order, .numbers([try Bench.number(1)]), at: bench.now)])
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [true, false], "the order is carried out")
        let record = try bench.record(1)
        #expect(record.belief.elements == ["off", "foreign", "on(1)"])
        #expect(record.belief.doubts.map(\.effect) == [.off, .on(1)], "the answer that did not fit proves nothing")
        #expect(
            try bench.store.reader.unansweredChanges().map(\.id) == [bench.calls[1].changeID],
            "but the history has it")
    }

    @Test func `a number whose record the store refuses is set aside for an hour, and nobody else is concerned`() throws
    {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1, .disabled), try Bench.desired(2, .disabled)])
        try bench.start()
        bench.refused = [try Bench.number(1)]
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(2)])
        #expect(bench.setAside == [try Bench.number(1)])
        #expect(!bench.reports.contains { if case .store = $0 { true } else { false } }, "it is no outage")
        bench.answer(bench.calls[0], .success)
        bench.pass(.seconds(3599))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.count == 1 && bench.setAside.count == 1, "it is left alone")
        bench.refused = []
        bench.pass(.seconds(2))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(2), try Bench.number(1)])
    }

    @Test func `an answer that the store refuses to record leaves its request in doubt when the number is tried again`()
        throws
    {
        let bench = try reapplying()
        bench.refused = [try Bench.number(1)]
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.setAside == [try Bench.number(1)])
        #expect(try bench.store.reader.unansweredChanges().isEmpty, "the end of the request is in the history")
        bench.refused = []
        bench.post(.ordered(OrderID(1), .reapply, .numbers([try Bench.number(1)]), Bench.entry))
        try bench.work()
        let doubts = try bench.record(1).belief.doubts
        #expect(doubts.map(\.effect) == [.on(1)] && doubts.allSatisfy { $0.since == bench.now })
        #expect(bench.calls.count == 2, "an order has it tried at once")
    }

    @Test func `nothing departs between a new file and its adoption`() throws {
        let bench = try Bench()
        try bench.adopt([try Bench.desired(1, .disabled)])
        try bench.start()
        bench.read(Bench.state([]))
        try bench.work()
        #expect(bench.calls.isEmpty)
    }

    @Test func `another endpoint while a request is in flight makes a foreign PIN possible`() throws {
        let bench = try reapplying()
        var moved = try Bench.desired(1)
        moved.endpoint = .legacy
        bench.read(Bench.state([moved]))
        try bench.work()
        bench.answer(bench.calls[0], .success)
        try bench.work()
        #expect(bench.calls.map(\.endpoint) == [.v4, .legacy])
        #expect(bench.calls.map(\.isEnable) == [true, false])
        #expect(try bench.record(1).belief.maybeForeign)
    }

    @Test func `a desired state waits for a page that is being read, so that its numbers follow it`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...3).map { try Bench.desired($0, .disabled) })
        try bench.start()
        guard case .load = try #require(bench.storeWork.first) else {
            Issue.record("the due numbers are read first")
            return
        }
        bench.read(Bench.state(try (1...3).map { try Bench.desired($0) }))
        #expect(bench.storeWork.count == 1, "nothing is adopted before the page has come")
        try bench.work()
        #expect(bench.calls.map(\.isEnable) == [false], "taken over, one at a time, by the entries now in force")
        #expect(try bench.record(1).desired?.verification == .enabled)
    }

    @Test func `an adoption that fails is tried again when the store works`() throws {
        let bench = try Bench()
        try bench.start()
        bench.read(Bench.state([try Bench.desired(1, .disabled)]))
        try bench.workOnce(failing: true)
        #expect(bench.storeWork.isEmpty)
        try bench.wake()
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(1)])
    }

    @Test func `a new value of an operator-owned PIN is set when the store failed at first`() throws {
        let bench = try Bench()
        var entry = try Bench.desired(1)
        entry.operatorPINName = "known"
        entry.reapplyEvery = nil
        try bench.adopt([entry])
        let first = try #require(PIN(digits: "385037"))
        try bench.converge(1)
        try bench.start()
        bench.read(nil, ["known": first])
        try bench.workOnce(failing: true)
        for _ in 0..<5 where bench.calls.isEmpty {
            try bench.wake()
            try bench.work()
        }
        #expect(bench.calls.map(\.isEnable) == [false])
    }

    @Test func `a held file with a new number and its PIN asks for nothing while it is held`() throws {
        let bench = try Bench(desiredStateGuard: DesiredStateGuard(maximumPercent: 20, holdsNewStore: false))
        try bench.adopt(try (1...10).map { try Bench.desired($0) })
        for index in 1...10 { try bench.converge(index) }
        try bench.start()
        try bench.work()
        var entry = try Bench.desired(11)
        entry.operatorPINName = "known"
        bench.read(Bench.state([entry]), ["known": try #require(PIN(digits: "275926"))])
        try bench.work()
        #expect(bench.reports.contains { if case .desiredState(.held) = $0 { true } else { false } })
        #expect(bench.storeWork.isEmpty && bench.calls.isEmpty)
        let events = bench.eventCount
        bench.pass(.seconds(3600))
        bench.post(.timerFired)
        try bench.work()
        #expect(bench.eventCount - events <= 2, "an hour passes without work")
        #expect(!bench.reports.contains { if case .store = $0 { true } else { false } })
    }

    @Test
    func `a number whose operator-owned PIN is not read yet waits for the first reading, not for its due instant`()
        throws
    {
        let bench = try Bench()
        var entry = try Bench.desired(1)
        entry.operatorPINName = "known"
        let pin = try #require(PIN(digits: "275926"))
        try bench.adopt([entry], ["known": pin])
        try bench.start()
        try bench.work()
        #expect(bench.calls.isEmpty)
        bench.read(Bench.state([entry]), ["known": pin])
        try bench.work()
        #expect(bench.calls.map(\.operation) == [.enable(pin)])
    }

    @Test func `of two files that are read one after the other the second is adopted alone`() throws {
        let bench = try Bench()
        try bench.start()
        var entry = try Bench.desired(1)
        entry.operatorPINName = "known"
        let pin = try #require(PIN(digits: "275926"))
        bench.read(Bench.state([]))
        bench.read(Bench.state([entry]), ["known": pin])
        bench.read(Bench.state([try Bench.desired(2, .disabled)]))
        try bench.work()
        #expect(bench.calls.map(\.number) == [try Bench.number(2)])
    }

    @Test func `an order that comes while a page is read reaches the numbers of that page`() throws {
        let bench = try Bench()
        try bench.adopt(try (1...3).map { try Bench.desired($0) })
        for index in 1...3 { try bench.converge(index) }
        try bench.start()
        bench.pass(.seconds(86_400))
        bench.post(.timerFired)
        guard case .load = try #require(bench.storeWork.first) else {
            Issue.record("a page is asked for")
            return
        }
        bench.post(.ordered(OrderID(1), .rotate(before: bench.now), .all, Bench.entry))
        try bench.work()
        for _ in 0..<20 {
            for call in bench.calls { bench.answerOnce(call, .success) }
            try bench.work()
        }
        for index in 1...3 { #expect(try bench.record(index).belief.generations == [2], "number \(index) is rotated") }
    }
}
