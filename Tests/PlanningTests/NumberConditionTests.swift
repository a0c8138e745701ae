import Planning
import Testing

struct NumberConditionTests {
    typealias F = Fixture

    private func condition(_ record: NumberRecord) -> NumberCondition {
        NumberCondition(of: record, decision: F.decide(record))
    }

    @Test func `Each state of the work has its word`() {
        #expect(condition(F.record(nil, F.on(1))) == .unmanaged)
        #expect(condition(F.record(F.desired(), F.on(1))) == .converged)
        #expect(condition(F.record(F.desired(), F.off)) == .exposed)
        #expect(condition(F.record(F.desired(), .unknown)) == .pending)
        #expect(condition(F.record(F.desired(), F.on(1), appliedAt: F.ago(F.day))) == .pending)
        var uncertain = F.record(F.desired(), F.on(1, off: true, doubts: [F.doubt(.off)]))
        uncertain.lastAccepted = .on(1)
        #expect(condition(uncertain) == .uncertain)
        var waiting = F.record(F.desired(.disabled), F.on(1))
        waiting.attempts = 3
        waiting.retryAt = F.later(.seconds(5))
        #expect(condition(waiting) == .backingOff)
        var spent = F.record(F.desired(.disabled), F.on(1))
        spent.recentWrites = Array(repeating: F.now, count: 20)
        #expect(condition(spent) == .held)
        let unreadable = NumberRecord(number: F.number, desired: F.desired(operatorPINName: "p"))
        #expect(condition(unreadable) == .held)
    }

    @Test func `Exposed goes before waiting`() {
        var record = F.record(F.desired(), F.off)
        record.retryAt = F.later(.seconds(5))
        #expect(condition(record) == .exposed)
    }

    @Test(arguments: [
        (DecisionReason.reapplyDue, PlannedRequest.Content.disable, NextAction.reapply),
        (.rotationDue, .disable, .rotate), (.rotateBefore, .enableNew, .rotate),
        (.operatorPINChanged, .disable, .rotate), (.adopting, .disable, .disable), (.adopting, .enableNew, .enable),
        (.foreignPIN, .disable, .disable), (.ambiguousPIN, .enable(generation: 1), .enable),
        (.enabling, .enableNew, .enable), (.disabling, .disable, .disable),
        (.oppositeAfterRefusal, .disable, .disable), (.oppositeAfterRefusal, .enableNew, .enable),
    ])
    func `The next action is the request that goes out, or the rotation or re-apply that it belongs to`(
        reason: DecisionReason, content: PlannedRequest.Content, action: NextAction
    ) {
        #expect(NextAction(PlannedRequest(content, proof: .mayBeIgnored), because: reason) == action)
    }

    @Test func `A reason says why, and no act that another vendor or rotation method would not send`() {
        for reason in [DecisionReason.adopting, .enabling, .ambiguousPIN, .foreignPIN, .drift] {
            #expect(!reason.sentence.contains(#/reset|disabling|enabling|disabled first/#), "\(reason)")
        }
    }
}

struct OutlookTests {
    typealias F = Fixture

    private func outlook(_ record: NumberRecord) -> Outlook {
        Outlook(of: record, decision: F.decide(record), policy: Policy(), now: F.now)
    }

    @Test func `A request is due now`() {
        let outlook = outlook(NumberRecord(number: F.number, desired: F.desired()))
        #expect(outlook.action == .disable && outlook.at == F.now && outlook.reason == .adopting)
    }

    @Test func `A number at rest is looked at again when its rest ends`() {
        let reapply = outlook(F.record(F.desired(), F.on(1)))
        #expect(reapply.action == .reapply && reapply.at == F.later(F.day) && reapply.reason == .converged)
        var desired = F.desired()
        desired.reapplyEvery = nil
        let rotate = outlook(F.record(desired, F.on(1)))
        #expect(rotate.action == .rotate && rotate.reason == .converged)
    }

    @Test func `A number in backoff says what it waits to do`() {
        var record = F.record(F.desired(.disabled), F.on(1))
        record.attempts = 3
        record.retryAt = F.later(.seconds(5))
        let outlook = outlook(record)
        #expect(outlook.action == .disable && outlook.at == F.later(.seconds(5)) && outlook.reason == .backingOff)
    }

    @Test func `Nothing to come is nil`() {
        let unmanaged = outlook(F.record(nil, F.on(1)))
        #expect(unmanaged.action == nil && unmanaged.at == nil && unmanaged.reason == .unmanaged)
        let held = outlook(NumberRecord(number: F.number, desired: F.desired(operatorPINName: "p")))
        #expect(held.action == nil && held.at == nil && held.reason == .operatorPINUnavailable)
    }
}
