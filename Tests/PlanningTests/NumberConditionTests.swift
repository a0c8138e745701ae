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

struct NextStepTests {
    typealias F = Fixture

    private func nextStep(_ record: NumberRecord) -> NextStep {
        NextStep(of: record, decision: F.decide(record), policy: Policy(), now: F.now)
    }

    @Test func `A request is due now`() {
        let nextStep = nextStep(NumberRecord(number: F.number, desired: F.desired()))
        #expect(nextStep.action == .disable && nextStep.at == F.now && nextStep.reason == .adopting)
    }

    @Test func `A number at rest is looked at again when its rest ends`() {
        let reapply = nextStep(F.record(F.desired(), F.on(1)))
        #expect(reapply.action == .reapply && reapply.at == F.later(F.day) && reapply.reason == .converged)
        var desired = F.desired()
        desired.reapplyEvery = nil
        let rotate = nextStep(F.record(desired, F.on(1)))
        #expect(rotate.action == .rotate && rotate.reason == .converged)
    }

    @Test func `A number in backoff says what it waits to do`() {
        var record = F.record(F.desired(.disabled), F.on(1))
        record.attempts = 3
        record.retryAt = F.later(.seconds(5))
        let nextStep = nextStep(record)
        #expect(nextStep.action == .disable && nextStep.at == F.later(.seconds(5)) && nextStep.reason == .backingOff)
    }

    @Test func `Nothing to come is nil`() {
        let unmanaged = nextStep(F.record(nil, F.on(1)))
        #expect(unmanaged.action == nil && unmanaged.at == nil && unmanaged.reason == .unmanaged)
        let held = nextStep(NumberRecord(number: F.number, desired: F.desired(operatorPINName: "p")))
        #expect(held.action == nil && held.at == nil && held.reason == .operatorPINUnavailable)
    }
}
