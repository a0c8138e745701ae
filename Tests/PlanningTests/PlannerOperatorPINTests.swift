import Dice
import Exploration
import Planning
import Testing

/// The rows of the decision table for entries that name an operator-owned PIN.
struct PlannerOperatorPINTests {
    typealias F = Fixture

    private let known = F.pin("739104")
    private let other = F.pin("285016")

    private func desired(_ method: RotationMethod = .reset) -> DesiredNumber {
        F.desired(.enabled, method, operatorPINName: "front-desk")
    }

    private func generation(_ number: Int, _ pin: PIN, liveFrom: Instant? = F.now) -> PINGeneration {
        PINGeneration(
            generation: number, pin: pin, origin: .operator(name: "front-desk"), createdAt: F.now, liveFrom: liveFrom)
    }

    @Test(arguments: RotationMethod.allCases)
    func `First contact is an enable with the operator's PIN, which proves itself`(method: RotationMethod) {
        let record = NumberRecord(number: F.number, desired: desired(method))
        let request = PlannedRequest(.enableOperatorPIN(known, name: "front-desk"), proof: .replaces)
        #expect(F.decide(record, operatorPIN: known) == .send(request, .adoptingOperatorPIN))
    }

    @Test(arguments: RotationMethod.allCases)
    func `Its acceptance makes the belief certain`(method: RotationMethod) throws {
        let record = NumberRecord(number: F.number, desired: desired(method))
        guard case .send(let request, let reason) = F.decide(record, operatorPIN: known) else {
            Issue.record("nothing is sent")
            return
        }
        var random = SplitMix64(seed: 1)
        let departure = record.departing(with: request, because: reason, changeID: 1, now: F.now, random: &random)
        let after = departure.record.arriving(
            from: departure.flight, with: Outcome(.success), now: F.now, policy: Policy(), jitter: 0)
        #expect(after.belief == F.on(1))
        #expect(after.generation(1)?.pin == known)
        #expect(after.generation(1)?.origin == .operator(name: "front-desk"))
        #expect(F.decide(after, operatorPIN: known) == .idle(until: F.later(F.day), because: .converged))
    }

    @Test func `First contact is tried again with the same generation`() {
        var record = NumberRecord(number: F.number, desired: desired())
        record.belief = F.on(1, off: true, foreign: true)
        record.generations = [generation(1, known, liveFrom: nil)]
        let request = PlannedRequest(.enable(generation: 1), proof: .replaces)
        #expect(F.decide(record, operatorPIN: known) == .send(request, .adoptingOperatorPIN))
    }

    @Test func `The operator's word ends when the value changes before it was accepted`() {
        var record = NumberRecord(number: F.number, desired: desired())
        record.belief = F.on(1, off: true, foreign: true)
        record.generations = [generation(1, known, liveFrom: nil)]
        let request = PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: true)
        #expect(F.decide(record, operatorPIN: other) == .send(request, .adopting))
    }

    @Test func `The operator's word does not cover a generated PIN that may be live`() {
        var record = NumberRecord(number: F.number, desired: desired())
        record.belief = F.on(1, off: true, foreign: true)
        record.generations = [F.generation(1)]
        let request = PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: true)
        #expect(F.decide(record, operatorPIN: known) == .send(request, .adopting))
    }

    @Test func `First contact is held while the PIN cannot be read`() {
        let record = NumberRecord(number: F.number, desired: desired())
        #expect(F.decide(record) == .hold(until: nil, because: .operatorPINUnavailable))
    }

    @Test func `First contact in doubt is held, and not reset, while the PIN cannot be read`() {
        var record = NumberRecord(number: F.number, desired: desired())
        record.belief = F.on(1, off: true, foreign: true)
        record.generations = [generation(1, known, liveFrom: nil)]
        #expect(F.decide(record) == .hold(until: nil, because: .operatorPINUnavailable))
    }

    @Test(arguments: RotationMethod.allCases)
    func `A new value rotates at once`(method: RotationMethod) {
        var record = F.record(desired(method), F.on(1))
        record.generations = [generation(1, known)]
        let expected =
            method == .reset
            ? PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: true)
            : PlannedRequest(.enableOperatorPIN(other, name: "front-desk"), proof: .replaces)
        #expect(F.decide(record, operatorPIN: other) == .send(expected, .operatorPINChanged))
    }

    @Test func `A value that was live before takes its own generation again`() {
        var record = F.record(desired(), F.off)
        record.generations = [generation(1, known), generation(2, other)]
        let request = PlannedRequest(.enable(generation: 1), proof: .mayBeIgnored)
        #expect(F.decide(record, operatorPIN: known) == .send(request, .enabling))
    }

    @Test func `A known number is enabled with the last value while the PIN cannot be read`() {
        var record = F.record(desired(), F.off)
        record.generations = [generation(1, known), generation(2, other)]
        let request = PlannedRequest(.enable(generation: 2), proof: .mayBeIgnored)
        #expect(F.decide(record) == .send(request, .enabling))
    }

    @Test func `An unreadable PIN causes no rotation`() {
        var record = F.record(desired(), F.on(1), rotatedAt: F.ago(F.day * 400))
        record.generations = [generation(1, known)]
        #expect(F.decide(record) == .idle(until: F.later(F.day), because: .converged))
    }

    @Test func `A number in a cycle without a known value is held while the PIN cannot be read`() {
        var record = F.record(desired(), F.off)
        record.generations = [F.generation(1)]
        #expect(F.decide(record) == .hold(until: nil, because: .operatorPINUnavailable))
    }
}
