import Dice
import Exploration
import Planning
import Testing

/// The design's decision table, one test per row.
struct PlannerTableTests {
    typealias F = Fixture

    private func disable(startsCycle: Bool = false) -> PlannedRequest {
        PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: startsCycle)
    }

    private func enable(_ content: PlannedRequest.Content, _ method: RotationMethod = .reset) -> PlannedRequest {
        PlannedRequest(content, proof: method == .replace ? .replaces : .mayBeIgnored)
    }

    // MARK: Out of the file

    @Test(arguments: [F.off, F.foreign, .unknown, F.on(1), F.on(1, 2, off: true)])
    func `A number that is not in the file is left alone in every belief`(belief: Belief) {
        #expect(F.decide(F.record(nil, belief)) == .idle(until: nil, because: .unmanaged))
    }

    // MARK: Desired disabled

    @Test(arguments: RotationMethod.allCases)
    func `Disabled and certainly off rests until the re-apply`(method: RotationMethod) {
        let record = F.record(F.desired(.disabled, method), F.off)
        #expect(F.decide(record) == .idle(until: F.later(F.day), because: .converged))
    }

    @Test func `Disabled and off without re-applies rests for good`() {
        var desired = F.desired(.disabled)
        desired.reapplyEvery = nil
        #expect(F.decide(F.record(desired, F.off)) == .idle(until: nil, because: .converged))
    }

    @Test(arguments: RotationMethod.allCases)
    func `Disabled and off is sent again when the re-apply is due`(method: RotationMethod) {
        let record = F.record(F.desired(.disabled, method), F.off, appliedAt: F.ago(F.day))
        #expect(F.decide(record) == .send(disable(), .reapplyDue))
    }

    @Test(
        arguments: [Belief.unknown, F.foreign, F.on(1), F.on(1, off: true), F.on(1, 2, off: true, foreign: true)],
        RotationMethod.allCases)
    func `Disabled in any other belief is disabled`(belief: Belief, method: RotationMethod) {
        let record = F.record(F.desired(.disabled, method), belief)
        #expect(F.decide(record) == .send(disable(), .disabling))
    }

    // MARK: Desired enabled and certain

    @Test(arguments: RotationMethod.allCases)
    func `Enabled with our PIN rests until the re-apply when that is first`(method: RotationMethod) {
        let record = F.record(F.desired(.enabled, method), F.on(1))
        #expect(F.decide(record) == .idle(until: F.later(F.day), because: .converged))
    }

    @Test func `Enabled with our PIN rests until the rotation when that is first`() {
        var desired = F.desired()
        desired.rotateEvery = .seconds(3600)
        let decision = F.decide(F.record(desired, F.on(1)))
        let spread = RotationSchedule.spread(for: F.number, period: .seconds(3600))
        #expect(decision == .idle(until: F.later(.seconds(3600) + spread), because: .converged))
    }

    @Test func `Enabled with neither rotation nor re-apply rests for good`() {
        var desired = F.desired()
        desired.rotateEvery = nil
        desired.reapplyEvery = nil
        #expect(F.decide(F.record(desired, F.on(1))) == .idle(until: nil, because: .converged))
    }

    @Test(arguments: RotationMethod.allCases)
    func `Enabled and due for a re-apply is enabled with the same PIN`(method: RotationMethod) {
        let record = F.record(F.desired(.enabled, method), F.on(3), appliedAt: F.ago(F.day))
        #expect(F.decide(record) == .send(enable(.enable(generation: 3), method), .reapplyDue))
    }

    @Test func `A reset begins a due rotation by a disable that needs the exposure budget`() {
        let record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 120))
        #expect(F.decide(record) == .send(disable(startsCycle: true), .rotationDue))
    }

    @Test func `A replacement rotates by an enable with a new PIN`() {
        let record = F.record(F.desired(.enabled, .replace), F.on(1), rotatedAt: F.ago(F.day * 120))
        #expect(F.decide(record) == .send(enable(.enableNew, .replace), .rotationDue))
    }

    @Test(arguments: RotationMethod.allCases)
    func `A rotation goes before a re-apply that is due too`(method: RotationMethod) {
        let record = F.record(
            F.desired(.enabled, method), F.on(1), appliedAt: F.ago(F.day), rotatedAt: F.ago(F.day * 120))
        guard case .send(_, let reason) = F.decide(record) else {
            Issue.record("nothing is sent")
            return
        }
        #expect(reason == .rotationDue)
    }

    @Test(arguments: RotationMethod.allCases)
    func `A due rotation waits for a doubt to settle`(method: RotationMethod) {
        var desired = F.desired(.enabled, method)
        desired.reapplyEvery = nil
        let doubts = [F.doubt(.on(1), .seconds(60))]
        let record = F.record(desired, F.on(1, doubts: doubts), rotatedAt: F.ago(F.day * 120))
        #expect(F.decide(record) == .idle(until: F.later(.seconds(540)), because: .converged))
        let settled = F.decide(record, now: F.later(.seconds(540)))
        guard case .send(_, .rotationDue) = settled else {
            Issue.record("the rotation does not follow: \(settled)")
            return
        }
    }

    @Test(arguments: RotationMethod.allCases)
    func `A PIN older than rotate_before is rotated at that instant`(method: RotationMethod) {
        var desired = F.desired(.enabled, method)
        desired.rotateBefore = F.later(.seconds(60))
        desired.reapplyEvery = nil
        let record = F.record(desired, F.on(1))
        #expect(F.decide(record) == .idle(until: F.later(.seconds(60)), because: .converged))
        let content = method == .reset ? disable(startsCycle: true) : enable(.enableNew, method)
        #expect(F.decide(record, now: F.later(.seconds(60))) == .send(content, .rotateBefore))
    }

    // MARK: Desired enabled and off, or off and one PIN

    @Test(arguments: RotationMethod.allCases)
    func `Enabled and certainly off is exposed and gets a new PIN`(method: RotationMethod) {
        let record = F.record(F.desired(.enabled, method), F.off)
        #expect(record.isExposed)
        #expect(F.decide(record) == .send(enable(.enableNew, method), .enabling))
    }

    @Test(arguments: RotationMethod.allCases)
    func `Enabled, and off or one PIN, gets that PIN`(method: RotationMethod) {
        let record = F.record(F.desired(.enabled, method), F.on(4, off: true))
        #expect(F.decide(record) == .send(enable(.enable(generation: 4), method), .enabling))
    }

    @Test func `A PIN that was made and never used is used before another is made`() {
        var record = F.record(F.desired(), F.off)
        record.generations = [F.generation(1), F.generation(2, liveFrom: nil)]
        #expect(F.decide(record) == .send(enable(.enable(generation: 2)), .enabling))
    }

    @Test func `A PIN that was live once is never set again`() {
        var record = F.record(F.desired(), F.off)
        record.generations = [F.generation(1), F.generation(2)]
        #expect(F.decide(record) == .send(enable(.enableNew), .enabling))
    }

    @Test func `An unused PIN from before rotate_before is not used`() {
        var desired = F.desired()
        desired.rotateBefore = F.ago(.seconds(60))
        var record = F.record(desired, F.off)
        record.generations = [F.generation(1, createdAt: F.ago(F.day), liveFrom: nil)]
        #expect(F.decide(record) == .send(enable(.enableNew), .enabling))
        record.generations = [F.generation(1, createdAt: F.ago(.seconds(30)), liveFrom: nil)]
        #expect(F.decide(record) == .send(enable(.enable(generation: 1)), .enabling))
    }

    @Test func `An unused PIN is used while rotate_before is still to come`() {
        var desired = F.desired()
        desired.rotateBefore = F.later(F.day)
        var record = F.record(desired, F.off)
        record.generations = [F.generation(1, createdAt: F.ago(.seconds(30)), liveFrom: nil)]
        #expect(F.decide(record) == .send(enable(.enable(generation: 1)), .enabling))
    }

    // MARK: Desired enabled and ambiguous

    @Test func `First contact is taken over by a disable with reset`() {
        let record = NumberRecord(number: F.number, desired: F.desired())
        #expect(F.decide(record) == .send(disable(startsCycle: true), .adopting))
    }

    @Test func `First contact is taken over by a new PIN with replace`() {
        let record = NumberRecord(number: F.number, desired: F.desired(.enabled, .replace))
        #expect(F.decide(record) == .send(enable(.enableNew, .replace), .adopting))
    }

    @Test(arguments: [F.foreign, F.on(1, foreign: true), F.on(1, off: true, foreign: true)])
    func `A foreign PIN on a known number is reset`(belief: Belief) {
        #expect(F.decide(F.record(F.desired(), belief)) == .send(disable(startsCycle: true), .foreignPIN))
    }

    @Test func `Two generations are reset`() {
        #expect(F.decide(F.record(F.desired(), F.on(1, 2))) == .send(disable(startsCycle: true), .ambiguousPIN))
    }

    @Test func `Two generations are replaced by the newest`() {
        let record = F.record(F.desired(.enabled, .replace), F.on(1, 2, off: true))
        #expect(F.decide(record) == .send(enable(.enable(generation: 2), .replace), .ambiguousPIN))
    }

    @Test func `A foreign PIN is replaced by the newest of ours`() {
        let record = F.record(F.desired(.enabled, .replace), F.on(5, foreign: true))
        #expect(F.decide(record) == .send(enable(.enable(generation: 5), .replace), .foreignPIN))
    }

    @Test func `A reset that goes on keeps its cycle and its reason`() {
        var record = F.record(F.desired(), F.on(1, 2, off: true))
        record.cycle = .init(since: F.ago(.seconds(5)), reason: .rotationDue)
        #expect(F.decide(record) == .send(disable(), .rotationDue))
    }

    // MARK: Only an unsettled doubt besides the desired state

    @Test(arguments: RotationMethod.allCases)
    func `Enabled and accepted waits for the doubt, then is sent again`(method: RotationMethod) {
        let belief = F.on(1, off: true, doubts: [F.doubt(.off, .seconds(100))])
        var record = F.record(F.desired(.enabled, method), belief)
        record.lastAccepted = .on(1)
        #expect(F.decide(record) == .idle(until: F.later(.seconds(500)), because: .awaitingSettlement))
        let settled = F.decide(record, now: F.later(.seconds(500)))
        #expect(settled == .send(enable(.enable(generation: 1), method), .enabling))
    }

    @Test func `Disabled and accepted waits for the doubt, then is sent again`() {
        let belief = F.on(1, off: true, doubts: [F.doubt(.on(1), .seconds(100))])
        var record = F.record(F.desired(.disabled), belief)
        record.lastAccepted = .off
        #expect(F.decide(record) == .idle(until: F.later(.seconds(500)), because: .awaitingSettlement))
        #expect(F.decide(record, now: F.later(.seconds(500))) == .send(disable(), .disabling))
    }

    @Test func `A doubt alone is no reason to wait when the desired state was not accepted`() {
        let belief = F.on(1, off: true, doubts: [F.doubt(.off)])
        #expect(F.decide(F.record(F.desired(), belief)) == .send(enable(.enable(generation: 1)), .enabling))
        let disabled = F.record(F.desired(.disabled), F.on(1, off: true, doubts: [F.doubt(.on(1))]))
        #expect(F.decide(disabled) == .send(disable(), .disabling))
    }

    // MARK: Refused

    @Test(arguments: [1, 2, 3])
    func `An enable that was refused twice gives way to a disable`(count: Int) {
        var record = F.record(F.desired(), F.on(1, off: true))
        record.refusals = .init(action: .enable, count: count)
        let expected: Decision =
            count < 2
            ? .send(enable(.enable(generation: 1)), .enabling)
            : .send(disable(startsCycle: true), .oppositeAfterRefusal)
        #expect(F.decide(record) == expected)
    }

    @Test func `The opposite within a cycle does not start another`() {
        var record = F.record(F.desired(), F.on(1, off: true))
        record.refusals = .init(action: .enable, count: 2)
        record.cycle = .init(since: F.now, reason: .adopting)
        #expect(F.decide(record) == .send(disable(), .oppositeAfterRefusal))
    }

    @Test func `A disable that was refused twice gives way to an enable with the newest PIN`() {
        var record = F.record(F.desired(.disabled), F.on(1, 2, off: true))
        record.refusals = .init(action: .disable, count: 2)
        #expect(F.decide(record) == .send(enable(.enable(generation: 2)), .oppositeAfterRefusal))
    }

    @Test func `A disable that was refused twice gives way to an enable with a new PIN when there is none`() {
        var record = NumberRecord(number: F.number, desired: F.desired())
        record.refusals = .init(action: .disable, count: 2)
        #expect(F.decide(record) == .send(enable(.enableNew), .oppositeAfterRefusal))
    }

    @Test func `Refusals of the other action do not count`() {
        var record = NumberRecord(number: F.number, desired: F.desired())
        record.refusals = .init(action: .enable, count: 2)
        #expect(F.decide(record) == .send(disable(startsCycle: true), .adopting))
    }

    @Test func `A refused rotation leads to an enable of the PIN that may be live`() {
        var record = F.record(F.desired(), F.on(1), rotatedAt: F.ago(F.day * 120))
        record.refusals = .init(action: .disable, count: 2)
        #expect(F.decide(record) == .send(enable(.enable(generation: 1)), .oppositeAfterRefusal))
    }

    @Test(arguments: [Verification.enabled, .disabled])
    func `A refused re-apply is a note and comes again at the usual interval`(verification: Verification) throws {
        let belief = verification == .enabled ? F.on(1) : F.off
        let record = F.record(F.desired(verification), belief, appliedAt: F.ago(F.day))
        guard case .send(let request, let reason) = F.decide(record) else {
            Issue.record("nothing is sent")
            return
        }
        var random = SplitMix64(seed: 1)
        let departure = record.departing(with: request, because: reason, changeID: 1, now: F.now, random: &random)
        let after = departure.record.arriving(
            from: departure.flight, with: Outcome(.vendorRefused, apiStatus: 402), now: F.now, policy: Policy(),
            jitter: 0.5)
        #expect(after.belief == belief)
        #expect(after.attempts == 0 && after.retryAt == nil && after.refusals == nil)
        #expect(after.lastError != nil)
        #expect(F.decide(after) == .idle(until: F.later(F.day), because: .converged))
    }

    // MARK: Limits of one number

    @Test func `After a failure a request is held until its backoff is over`() {
        var record = F.record(F.desired(), F.off)
        record.retryAt = F.later(.seconds(30))
        #expect(F.decide(record) == .hold(until: F.later(.seconds(30)), because: .backingOff))
        #expect(F.decide(record, now: F.later(.seconds(30))) == .send(enable(.enableNew), .enabling))
    }

    @Test func `A spent write budget holds a request until the oldest write is an hour old`() {
        var record = F.record(F.desired(), F.on(1), appliedAt: F.ago(F.day))
        record.recentWrites = (0..<20).map { F.ago(.seconds(3000 - $0)) }
        #expect(F.decide(record) == .hold(until: F.later(.seconds(600)), because: .writeBudget))
    }

    @Test func `An exposed number has the larger write budget`() {
        var record = F.record(F.desired(), F.off)
        record.recentWrites = (0..<20).map { F.ago(.seconds(3000 - $0)) }
        #expect(F.decide(record) == .send(enable(.enableNew), .enabling))
        record.recentWrites = (0..<120).map { F.ago(.seconds(3000 - $0)) }
        #expect(F.decide(record) == .hold(until: F.later(.seconds(600)), because: .writeBudget))
    }

    @Test func `Resting is not held by backoff or budget`() {
        var record = F.record(F.desired(), F.on(1))
        record.retryAt = F.later(.seconds(30))
        record.recentWrites = Array(repeating: F.now, count: 200)
        #expect(F.decide(record) == .idle(until: F.later(F.day), because: .converged))
    }
}
