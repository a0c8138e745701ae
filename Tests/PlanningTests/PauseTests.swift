import Planning
import Testing

struct PauseTests {
    private static func pause(includesExposed: Bool = false) -> Pause {
        Pause(since: Fixture.now, by: "ops (uid 1000)", reason: "test", includesExposed: includesExposed)
    }

    private static func decide(_ record: NumberRecord, fleetPause: Pause? = nil) -> Decision {
        Planner.decide(record, fleetPause: fleetPause, policy: Policy(), now: Fixture.now)
    }

    private static let unsettled = Fixture.record(Fixture.desired(), Fixture.foreign, appliedAt: nil)
    private static let settled = Fixture.record(Fixture.desired(), Fixture.on(1))
    private static let exposed: NumberRecord = {
        var record = Fixture.record(Fixture.desired(), Fixture.off)
        record.lastAccepted = .off
        record.cycle = NumberRecord.Cycle(since: Fixture.now, reason: .rotationDue)
        return record
    }()

    @Test func `Of a paused number nothing is sent, whoever is paused: the number or the fleet`() {
        var paused = Self.unsettled
        paused.pause = Self.pause()
        for decision in [Self.decide(paused), Self.decide(Self.unsettled, fleetPause: Self.pause())] {
            #expect(decision == .hold(until: nil, because: .paused))
        }
        guard case .send = Self.decide(Self.unsettled) else {
            Issue.record("without a pause it is sent")
            return
        }
    }

    @Test func `A number that is as desired stays idle, paused or not`() {
        #expect(Self.decide(Self.settled, fleetPause: Self.pause()) == Self.decide(Self.settled))
    }

    @Test func `An exposed number is enabled in spite of a pause, unless the pause says otherwise`() {
        guard case .send(let request, _) = Self.decide(Self.exposed, fleetPause: Self.pause()) else {
            Issue.record("it is sent")
            return
        }
        #expect(request.content != .disable)
        let strict = Self.decide(Self.exposed, fleetPause: Self.pause(includesExposed: true))
        #expect(strict == .hold(until: nil, because: .paused))
    }

    @Test func `Of two rotations that are ordered the one that comes first counts, while it still changes the PIN`() {
        func rotated(_ instants: [Instant], renewedBetween isRenewed: Bool = false) -> NumberRecord.OrderedRotation? {
            var record = Self.settled
            record.generations = [Fixture.generation(3)]
            for instant in instants {
                record = record.obeying(.rotate(before: instant), toFleet: false, at: Fixture.now)
                if isRenewed, record.generations.count == 1 { record.generations.append(Fixture.generation(4)) }
            }
            return record.orderedRotation
        }
        func ordered(_ through: Int, _ instant: Instant) -> NumberRecord.OrderedRotation {
            NumberRecord.OrderedRotation(through: through, at: instant)
        }
        let (early, late) = (Fixture.ago(.seconds(60)), Fixture.later(.seconds(60)))
        #expect(rotated([late]) == ordered(3, late))
        #expect(rotated([late, early]) == ordered(3, early), "an order does not wait for an earlier reveal")
        #expect(rotated([early, late]) == ordered(3, early), "a reveal does not defer what is ordered")
        #expect(rotated([early, late], renewedBetween: true) == ordered(4, late), "the new PIN was revealed")
        #expect(rotated([late, early], renewedBetween: true) == ordered(4, early))
    }

    @Test func `Re-apply and reset end a backoff and widen what they must`() {
        var record = Self.settled
        record.attempts = 7
        record.retryAt = Fixture.later(.seconds(600))
        record.refusals = NumberRecord.Refusals(action: .enable, count: 1)
        record.lastFailure = .vendorRefused
        let reapplied = record.obeying(.reapply, toFleet: false, at: Fixture.now)
        #expect(reapplied.appliedAt == nil && reapplied.attempts == 0 && reapplied.retryAt == nil)
        #expect(reapplied.refusals == nil && reapplied.lastFailure == nil && reapplied.belief == record.belief)
        let reset = record.obeying(.reset, toFleet: false, at: Fixture.now)
        #expect(reset.belief == Fixture.on(1, off: true, foreign: true) && reset.lastAccepted == nil)
        #expect(reset.generations == record.generations, "our PINs that may be live are kept")
        #expect(record.obeying(.pause(Self.pause()), toFleet: false, at: Fixture.now).pause == Self.pause())
    }

    @Test func `A rotation that is ordered happens once, when its instant has come`() {
        var settled = Self.settled
        settled.desired?.rotateAfterReveal = .seconds(60)
        let ordered = settled.obeying(.rotate(before: Fixture.later(.seconds(60))), toFleet: false, at: Fixture.now)
        guard case .idle = Self.decide(ordered) else {
            Issue.record("not before its time")
            return
        }
        let decision = Planner.decide(
            ordered, operatorPIN: nil, policy: Policy(), now: Fixture.later(.seconds(60)))
        guard case .send(_, let reason) = decision else {
            Issue.record("at its time")
            return
        }
        #expect(reason == .rotationOrdered)
        var newer = ordered
        newer.generations = [Fixture.generation(2, createdAt: Fixture.later(.seconds(60)))]
        newer.belief = Fixture.on(2)
        guard case .idle = Planner.decide(newer, operatorPIN: nil, policy: Policy(), now: Fixture.later(.seconds(61)))
        else {
            Issue.record("the new PIN is not older than the order")
            return
        }
    }
}
