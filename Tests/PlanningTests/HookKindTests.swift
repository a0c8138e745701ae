import Dice
import Exploration
import Planning
import Testing

/// The notifications that the requests of a number cause.
struct HookKindTests {
    typealias F = Fixture

    /// Returns the notifications of each saved record, from before the first request to after the last one: `depart`
    /// and `arrive` of each.
    private func notifications(
        of record: NumberRecord, _ requests: [(PlannedRequest.Content, OutcomeReason)]
    ) -> [[HookKind]] {
        var random = SplitMix64(seed: 1)
        var stored = record
        var trouble: NumberRecord.Trouble?
        var all: [[HookKind]] = []
        func save(_ next: NumberRecord) {
            let kinds = HookKind.caused(since: stored.health, by: next, trouble: trouble)
            if !Set(kinds).isDisjoint(with: [.exposed, .failed]) || trouble != nil {
                let wasExposed = kinds.contains(.exposed) || trouble?.includesExposure == true
                trouble = NumberRecord.Trouble(includesExposure: wasExposed && next.isExposed)
            }
            if kinds.contains(.recovered) { trouble = nil }
            all.append(kinds)
            stored = next
        }
        for (content, reason) in requests {
            let departure = stored.departing(
                with: PlannedRequest(
                    content, proof: .mayBeIgnored, startsCycle: content == .disable && stored.cycle == nil),
                because: .rotationDue, changeID: 1, now: F.now, random: &random)
            save(departure.record)
            save(
                stored.arriving(
                    from: departure.flight, with: Outcome(reason), now: F.later(.seconds(1)), policy: Policy(),
                    jitter: 0.5))
        }
        return all
    }

    @Test(arguments: [OutcomeReason.rateLimited, .vendorRefused, .connectionRefused, .authenticationRefused])
    func `A disable that was not carried out and is retried exposes nobody, and nobody is notified`(
        reason: OutcomeReason
    ) {
        let record = F.record(F.desired(), F.on(1))
        let kinds = notifications(
            of: record, [(.disable, reason), (.disable, .success), (.enableNew, .success)])
        #expect(kinds.flatMap(\.self) == [.rotated])
    }

    @Test func `A disable in doubt exposes, also when it is retried, and that is notified once`() {
        let record = F.record(F.desired(), F.on(1, foreign: true))
        let kinds = notifications(
            of: record, [(.disable, .timeout), (.disable, .timeout), (.disable, .success), (.enableNew, .timeout)])
        #expect(kinds == [[], [.exposed], [], [], [], [], [], [.failed]])
    }

    @Test func `An enable that fails after the disable exposes, whatever failed before`() {
        let kinds = notifications(
            of: F.record(F.desired(), F.on(1)),
            [
                (.disable, .rateLimited), (.disable, .success), (.enableNew, .vendorRefused),
                (.enable(generation: 2), .success),
            ])
        #expect(kinds.flatMap(\.self) == [.exposed, .rotated, .recovered])
    }

    @Test func `A number that was found off and cannot be enabled is exposed`() {
        #expect(
            notifications(of: F.record(F.desired(), F.off), [(.enableNew, .authenticationRefused)]) == [[], [.exposed]])
    }

    @Test func `An order that ends the backoff of a number is no recovery`() {
        var record = F.record(F.desired(), F.on(1))
        record.attempts = 3
        record.lastError = "enable: refused"
        let trouble = NumberRecord.Trouble(includesExposure: false)
        var retried = record
        retried.attempts = 0
        #expect(HookKind.caused(since: record.health, by: retried, trouble: trouble).isEmpty)
        retried.lastError = nil
        #expect(HookKind.caused(since: record.health, by: retried, trouble: trouble) == [.recovered])
        #expect(HookKind.caused(since: record.health, by: retried, trouble: nil).isEmpty)
    }
}
