import Dice
import Exploration
import Planning
import Testing

struct NumberRecordTransitionsTests {
    typealias F = Fixture

    private let later = F.later(.seconds(5))

    private func depart(
        _ record: NumberRecord, _ content: PlannedRequest.Content, because reason: DecisionReason = .enabling,
        proof: EnableProof = .mayBeIgnored, startsCycle: Bool = false
    ) -> Departure {
        var random = SplitMix64(seed: 1)
        return record.departing(
            with: PlannedRequest(content, proof: proof, startsCycle: startsCycle), because: reason, changeID: 7,
            now: F.now, random: &random)
    }

    private func arrive(_ departure: Departure, _ reason: OutcomeReason, retryAfter: Duration? = nil) -> NumberRecord {
        departure.record.arriving(
            from: departure.flight, with: Outcome(reason, retryAfter: retryAfter), now: later, policy: Policy(),
            jitter: 0.5)
    }

    // MARK: Departing

    @Test func `A departure widens, counts the write and forgets the last acceptance`() {
        var record = F.record(F.desired(), F.on(1))
        record.lastAccepted = .on(1)
        record.recentWrites = [F.ago(.seconds(9))]
        let departure = depart(record, .disable, because: .rotationDue, startsCycle: true)
        #expect(departure.record.belief == F.on(1).widened(by: .off, sentAt: F.now))
        #expect(departure.record.lastAccepted == nil)
        #expect(departure.record.recentWrites == [F.ago(.seconds(9)), F.now])
        #expect(departure.record.cycle == .init(since: F.now, reason: .rotationDue))
        #expect(departure.newGeneration == nil)
        #expect(departure.flight.before == record)
        #expect(departure.flight.changeID == 7 && departure.flight.effect == .off && departure.flight.sentAt == F.now)
    }

    @Test func `A new PIN becomes the next generation, before and after widening`() throws {
        let departure = depart(F.record(F.desired(), F.on(4)), .enableNew)
        let made = try #require(departure.newGeneration)
        #expect(made.generation == 5 && made.origin == .generated && made.createdAt == F.now && made.liveFrom == nil)
        #expect(departure.record.generations.last == made)
        #expect(departure.flight.before.generations.last == made)
        #expect(departure.record.belief.generations == [4, 5])
        #expect(departure.flight.effect == .on(5))
    }

    @Test func `An operator's PIN becomes a generation under its name`() {
        let pin = F.pin("739104")
        let departure = depart(F.record(F.desired(), F.off), .enableOperatorPIN(pin, name: "front-desk"))
        #expect(departure.newGeneration?.pin == pin)
        #expect(departure.newGeneration?.origin == .operator(name: "front-desk"))
        #expect(departure.newGeneration?.generation == 1)
    }

    @Test func `Recent writes are bounded`() {
        var record = F.record(F.desired(), F.on(1))
        record.recentWrites = Array(repeating: F.now, count: 400)
        #expect(depart(record, .disable).record.recentWrites.count == WriteBudget.remembered)
    }

    @Test func `Enabling a number that is certainly off opens a cycle, unless it should be disabled`() {
        #expect(depart(F.record(F.desired(), F.off), .enableNew).record.cycle != nil)
        #expect(depart(F.record(F.desired(.disabled), F.off), .enableNew).record.cycle == nil)
        #expect(depart(F.record(F.desired(), F.on(1, off: true)), .enable(generation: 1)).record.cycle == nil)
    }

    @Test func `A cycle that is open keeps its beginning`() {
        var record = F.record(F.desired(), F.off)
        record.cycle = .init(since: F.ago(.seconds(60)), reason: .adopting)
        #expect(depart(record, .enableNew).record.cycle == record.cycle)
    }

    // MARK: Arriving

    @Test func `An accepted enable makes the number as desired`() throws {
        var record = F.record(F.desired(), F.off, appliedAt: nil, rotatedAt: nil)
        record.attempts = 3
        record.retryAt = F.now
        record.lastError = "it went wrong"
        record.refusals = .init(action: .enable, count: 1)
        let after = arrive(depart(record, .enableNew), .success)
        #expect(after.belief == F.on(1))
        #expect(after.lastAccepted == .on(1))
        #expect(after.appliedAt == later && after.rotatedAt == later)
        #expect(after.generation(1)?.liveFrom == later)
        #expect(after.attempts == 0 && after.retryAt == nil && after.lastError == nil && after.refusals == nil)
        #expect(after.cycle == nil)
        #expect(after.isAsDesired)
    }

    @Test func `An accepted re-apply is no rotation`() {
        let record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 3))
        let after = arrive(depart(record, .enable(generation: 1), because: .reapplyDue), .success)
        #expect(after.rotatedAt == F.ago(F.day * 3))
        #expect(after.appliedAt == later)
        #expect(after.generation(1)?.liveFrom == F.now)
    }

    @Test func `An accepted disable of a rotation ends the PIN's life and keeps the cycle`() {
        let record = F.record(F.desired(), F.on(1))
        let after = arrive(depart(record, .disable, because: .rotationDue, startsCycle: true), .success)
        #expect(after.belief == F.off)
        #expect(after.generation(1)?.liveUntil == later)
        #expect(after.cycle?.reason == .rotationDue)
        #expect(after.appliedAt == F.now)
        #expect(after.isExposed)
    }

    @Test func `An accepted disable of a disabled number applies it`() {
        let after = arrive(depart(F.record(F.desired(.disabled), F.on(1)), .disable), .success)
        #expect(after.appliedAt == later && after.cycle == nil && after.isAsDesired)
    }

    @Test func `A refused re-apply is no application: it is counted, and sent again after its period`() {
        var record = F.record(F.desired(), F.on(1), appliedAt: F.ago(F.day))
        record.lastAccepted = .on(1)
        var after = arrive(depart(record, .enable(generation: 1), because: .reapplyDue), .vendorRefused)
        #expect(after.appliedAt == record.appliedAt && after.isAsDesired && after.attempts == 0)
        #expect(after.reapplyRefusals == .init(count: 1, at: later) && after.lastError != nil)
        #expect(F.decide(after, now: later).until == later.advanced(by: F.day), "not again and again")
        let again = depart(after, .enable(generation: 1), because: .reapplyDue)
        #expect(arrive(again, .vendorRefused).reapplyRefusals?.count == 2)
        let accepted = arrive(again, .success)
        #expect(accepted.reapplyRefusals == nil && accepted.appliedAt == later && accepted.lastError == nil)
        // An order to re-apply is carried out at once, and earlier refusals no longer count.
        after = after.obeying(.reapply, toFleet: false, at: later)
        #expect(after.reapplyRefusals == nil && F.decide(after, now: later).isSend)
    }

    @Test(arguments: [OutcomeReason.connectionRefused, .tokenUnavailable, .notSent])
    func `What never left changes nothing but the wait`(reason: OutcomeReason) {
        var record = F.record(F.desired(), F.on(1))
        record.lastAccepted = .on(1)
        let after = arrive(depart(record, .disable, because: .rotationDue, startsCycle: true), reason)
        var expected = record
        expected.attempts = 1
        expected.retryAt = later.advanced(by: .seconds(1))
        expected.lastFailure = reason
        expected.lastError = after.lastError
        #expect(after == expected)
        #expect(after.lastError != nil)
    }

    @Test(arguments: [OutcomeReason.authenticationRefused, .rateLimited, .clientError])
    func `What was refused before processing is a write, and changes no belief`(reason: OutcomeReason) {
        let record = F.record(F.desired(), F.on(1))
        let after = arrive(depart(record, .disable), reason)
        #expect(after.belief == record.belief)
        #expect(after.recentWrites == [F.now])
    }

    @Test func `A PIN that was never sent has no life, and one that was gone stays gone since then`() {
        let fresh = arrive(depart(F.record(F.desired(), F.off), .enableNew), .connectionRefused)
        #expect(fresh.generation(1)?.liveFrom == nil && fresh.generation(1)?.liveUntil == nil)
        var record = F.record(F.desired(), F.off)
        var old = F.generation(1, liveFrom: F.ago(F.day * 9))
        old.liveUntil = F.ago(F.day * 2)
        record.generations = [old]
        let departure = depart(record, .enable(generation: 1))
        #expect(departure.record.generation(1)?.liveUntil == nil)
        #expect(arrive(departure, .connectionRefused).generation(1) == old)
    }

    @Test func `A refusal is counted by action, and an acceptance ends the count`() {
        let record = F.record(F.desired(), F.on(1, off: true))
        let once = arrive(depart(record, .enable(generation: 1)), .vendorRefused)
        #expect(once.refusals == .init(action: .enable, count: 1))
        let twice = arrive(depart(once, .enable(generation: 1)), .vendorRefused)
        #expect(twice.refusals == .init(action: .enable, count: 2))
        #expect(arrive(depart(twice, .disable), .vendorRefused).refusals == .init(action: .disable, count: 1))
        #expect(arrive(depart(twice, .disable), .success).refusals == nil)
        #expect(arrive(depart(twice, .disable), .timeout).refusals == twice.refusals)
    }

    @Test func `Doubt keeps the belief wide, the cycle open and counts an attempt`() {
        let record = F.record(F.desired(), F.on(1))
        let after = arrive(depart(record, .disable, because: .rotationDue, startsCycle: true), .timeout)
        #expect(after.belief.elements == ["off", "on(1)"])
        #expect(after.belief.doubts == [.init(effect: .off, since: later)])
        #expect(after.lastAccepted == nil && after.attempts == 1)
        #expect(after.cycle != nil && after.isExposed)
    }

    @Test func `An exposed number waits by the shorter backoff, and Retry-After counts`() {
        var record = F.record(F.desired(), F.off)
        record.attempts = 20
        #expect(arrive(depart(record, .enableNew), .timeout).retryAt == later.advanced(by: .seconds(15)))
        let asked = arrive(depart(record, .enableNew), .rateLimited, retryAfter: .seconds(90))
        #expect(asked.retryAt == later.advanced(by: .seconds(90)))
    }

    @Test func `An acceptance that leaves a doubt keeps the attempts until the number is as desired`() {
        var record = F.record(F.desired(), F.on(1, off: true, doubts: [F.doubt(.off)]))
        record.attempts = 2
        let after = arrive(depart(record, .enable(generation: 1)), .success)
        #expect(after.belief.elements == ["off", "on(1)"])
        #expect(after.attempts == 2 && after.retryAt == nil && after.lastAccepted == .on(1))
    }

    // MARK: Adoption

    @Test func `The same entry changes nothing`() {
        var record = F.record(F.desired(), F.on(1))
        record.retryAt = later
        #expect(record.adopting(F.desired(), at: F.now) == record)
    }

    @Test func `Another entry ends backoff and refusals`() {
        var record = F.record(F.desired(), F.on(1))
        record.retryAt = later
        record.attempts = 5
        record.refusals = .init(action: .disable, count: 2)
        let after = record.adopting(F.desired(.enabled, .replace), at: F.now)
        #expect(after.retryAt == nil && after.attempts == 0 && after.refusals == nil)
        #expect(after.belief == record.belief && after.generations == record.generations)
        #expect(after.appliedAt == record.appliedAt)
    }

    @Test func `An entry with another endpoint makes everything possible there`() {
        var desired = F.desired()
        desired.endpoint = .legacy
        #expect(F.record(F.desired(), F.on(1)).adopting(desired, at: F.now).belief == F.on(1, off: true, foreign: true))
    }

    @Test func `Leaving the file keeps everything that is known, and ends the cycle`() {
        var record = F.record(F.desired(), F.on(1, off: true, doubts: [F.doubt(.off)]))
        record.cycle = .init(since: F.now, reason: .rotationDue)
        record.retryAt = later
        let after = record.adopting(nil, at: F.now)
        var expected = record
        expected.desired = nil
        expected.cycle = nil
        #expect(after == expected)
    }

    @Test func `Coming back is applied anew`() {
        let back = F.record(F.desired(), F.on(1)).adopting(nil, at: F.now).adopting(F.desired(), at: F.now)
        #expect(back.appliedAt == nil)
        #expect(
            F.decide(back)
                == .send(PlannedRequest(.enable(generation: 1), proof: .mayBeIgnored), .reapplyDue))
    }

    @Test func `An entry that disables ends the cycle`() {
        var record = F.record(F.desired(), F.off)
        record.cycle = .init(since: F.now, reason: .rotationDue)
        #expect(record.adopting(F.desired(.disabled), at: F.now).cycle == nil)
    }

    // MARK: What is touched

    @Test func `Touched are the generations whose life, possibility or doubt changed`() {
        let record = F.record(F.desired(), F.on(1, 2))
        #expect(record.generationsTouched(since: record).isEmpty)
        #expect(depart(record, .enable(generation: 2)).record.generationsTouched(since: record) == [2])
        #expect(arrive(depart(record, .disable), .success).generationsTouched(since: record) == [1, 2])
        #expect(depart(record, .enableNew).record.generationsTouched(since: record) == [3])
        #expect(depart(record, .disable).record.generationsTouched(since: record).isEmpty)
    }
}
