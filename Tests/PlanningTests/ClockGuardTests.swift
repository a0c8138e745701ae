import Planning
import Testing

struct ClockGuardTests {
    typealias F = Fixture

    private let rotation = Decision.send(
        PlannedRequest(.disable, proof: .mayBeIgnored, startsCycle: true), .rotationDue)
    private let replacement = Decision.send(PlannedRequest(.enableNew, proof: .replaces), .rotationDue)

    @Test func `It is behind when the clock is more than two minutes before the mark`() {
        let clockGuard = ClockGuard(highWaterMark: F.now)
        #expect(!clockGuard.isBehind(at: F.ago(.seconds(120))))
        #expect(clockGuard.isBehind(at: F.ago(.milliseconds(120_001))))
        #expect(!ClockGuard().isBehind(at: .distantPast))
    }

    @Test func `The mark only rises`() {
        var clockGuard = ClockGuard(highWaterMark: F.now)
        clockGuard.see(F.ago(F.day))
        #expect(clockGuard.highWaterMark == F.now)
        clockGuard.see(F.later(F.day))
        #expect(clockGuard.highWaterMark == F.later(F.day))
    }

    @Test func `While it is behind, no cycle starts and no PIN changes by choice`() {
        let clockGuard = ClockGuard(highWaterMark: F.now)
        let record = F.record(F.desired(), F.on(1))
        for decision in [rotation, replacement] {
            #expect(
                clockGuard.permit(decision, for: record, at: F.ago(F.day))
                    == .hold(until: F.ago(.seconds(120)), because: .clockBehind))
            #expect(clockGuard.permit(decision, for: record, at: F.ago(.seconds(60))) == decision)
        }
    }

    @Test func `While it is behind, a number in a cycle is still enabled, and a re-apply still sent`() {
        let clockGuard = ClockGuard(highWaterMark: F.now)
        var cycling = F.record(F.desired(), F.off)
        cycling.cycle = .init(since: F.now, reason: .rotationDue)
        let enabling = Decision.send(PlannedRequest(.enableNew, proof: .mayBeIgnored), .rotationDue)
        #expect(clockGuard.permit(enabling, for: cycling, at: F.ago(F.day)) == enabling)
        let record = F.record(F.desired(), F.on(1))
        let reapply = Decision.send(PlannedRequest(.enable(generation: 1), proof: .mayBeIgnored), .reapplyDue)
        let rest = Decision.idle(until: nil, because: .converged)
        for decision in [reapply, rest] {
            #expect(clockGuard.permit(decision, for: record, at: F.ago(F.day)) == decision)
        }
    }
}
