import Planning
import Testing

struct ExposureBudgetTests {
    private func places(_ counts: [ExposureBudget.Kind: Int]) -> ExposureBudget.Places {
        var places = ExposureBudget.Places()
        for (kind, count) in counts { places[kind] = count }
        return places
    }

    @Test func `It starts at one, doubles with each clean cycle, and stops at the maximum`() {
        var budget = ExposureBudget(maximum: 6)
        var permitted = [budget.permitted]
        for _ in 0..<4 {
            budget.cycleEnded(isClean: true)
            permitted.append(budget.permitted)
        }
        #expect(permitted == [1, 2, 4, 6, 6])
    }

    @Test func `A failed enable takes it back to one`() {
        var budget = ExposureBudget(maximum: 4)
        budget.cycleEnded(isClean: true)
        budget.enableFailed(now: Fixture.steadyNow)
        #expect(budget.permitted == 1)
        #expect(
            budget.permitsCycle(places([.open: 0]), now: Fixture.steadyNow)
                && !budget.permitsCycle(places([.open: 1]), now: Fixture.steadyNow))
    }

    @Test func `A cycle starts only while fewer are exposed than permitted`() {
        var budget = ExposureBudget(maximum: 2)
        budget.cycleEnded(isClean: true)
        #expect(
            budget.permitsCycle(places([.open: 1]), now: Fixture.steadyNow)
                && !budget.permitsCycle(places([.open: 2]), now: Fixture.steadyNow))
    }

    @Test func `No maximum permits any number`() {
        var budget = ExposureBudget(maximum: nil)
        budget.enableFailed(now: Fixture.steadyNow)
        budget.cycleEnded(isClean: true)
        #expect(budget.permitsCycle(places([.open: 10_000]), now: Fixture.steadyNow))
    }

    @Test func `A number that is stuck takes one place of the maximum, and none of the slow start`() {
        let budget = ExposureBudget(maximum: 4)
        #expect(budget.permitsCycle(places([.stuck: 3]), now: Fixture.steadyNow))
        #expect(!budget.permitsCycle(places([.stuck: 4]), now: Fixture.steadyNow))
        #expect(!budget.permitsCycle(places([.stuck: 1, .open: 1]), now: Fixture.steadyNow), "one at a time at first")
    }

    @Test func `Paused and unsettled numbers take no place, until there are as many of a kind as the maximum`() {
        var budget = ExposureBudget(maximum: 2)
        budget.cycleEnded(isClean: true)
        #expect(budget.permitsCycle(places([.paused: 1, .unsettled: 1, .open: 1]), now: Fixture.steadyNow))
        #expect(!budget.permitsCycle(places([.paused: 2]), now: Fixture.steadyNow))
        #expect(!budget.permitsCycle(places([.unsettled: 2]), now: Fixture.steadyNow))
    }

    @Test func `When several numbers in a row cannot be enabled, further ones are tried ever more rarely`() {
        var budget = ExposureBudget(maximum: 64)
        var now = Fixture.steadyNow
        budget.enableFailed(now: now)
        #expect(budget.permitsCycle(places([.stuck: 1]), now: now), "one number is its own affair")
        var waits: [Int64] = []
        for stuck in 2...9 {
            budget.enableFailed(now: now)
            #expect(!budget.permitsCycle(places([.stuck: stuck]), now: now))
            guard let until = budget.heldUntil else { break }
            waits.append(now.duration(to: until).milliseconds / 60_000)
            now = until
            #expect(budget.permitsCycle(places([.stuck: stuck]), now: now))
        }
        #expect(waits == [1, 2, 4, 8, 16, 32, 60, 60])
        budget.enableFailed(now: now)
        budget.endHold()
        #expect(budget.permitsCycle(places([.stuck: 9]), now: now), "an operator ordered something")
        budget.cycleEnded(isClean: false)
        #expect(budget.heldUntil == nil && budget.failuresInARow == 0 && budget.permitted == 1)
    }

    @Test func `A number that the vendor limits is stuck while it waits, however few attempts it had`() {
        var record = Fixture.record(
            Fixture.desired(), Belief(maybeOff: true, maybeForeign: false, generations: []))
        record.cycle = .init(since: Fixture.now, reason: .rotationDue)
        record.attempts = 1
        record.lastFailure = .rateLimited
        record.retryAt = Fixture.later(.seconds(3600))
        #expect(record.place(fleetPause: nil) == .stuck)
        // Its disable has been accepted since.
        record.retryAt = nil
        #expect(record.place(fleetPause: nil) == .open)
        record.retryAt = Fixture.later(.seconds(30))
        record.lastFailure = .vendorRefused
        #expect(record.place(fleetPause: nil) == .open)
        record.attempts = ExposureBudget.attemptsUntilStuck
        #expect(record.place(fleetPause: nil) == .stuck)
    }
}
