import Planning
import Testing

struct BeliefEvidenceTests {
    typealias F = Fixture

    static let settleDelay: Duration = .seconds(600)
    /// Beliefs of every kind: certain ones, ambiguous ones, with settled and unsettled doubts.
    static let beliefs: [Belief] = [
        .unknown, F.off, F.foreign, F.on(1), F.on(1, 2), F.on(1, off: true), F.on(1, 2, off: true, foreign: true),
        F.on(1, off: true, doubts: [F.doubt(.off)]), F.on(1, off: true, doubts: [F.doubt(.off, .seconds(600))]),
        F.on(1, 2, off: true, doubts: [F.doubt(.on(1)), F.doubt(.on(2), .seconds(700)), F.doubt(.off)]),
    ]
    static let effects: [Effect] = [.off, .on(1), .on(2), .on(3)]
    static let proofs: [EnableProof] = [.mayBeIgnored, .replaces]

    private func narrowed(
        _ belief: Belief, by verdict: Verdict, of effect: Effect, proof: EnableProof = .mayBeIgnored
    ) -> Belief {
        belief.narrowed(
            by: verdict, of: effect, proof: proof, sentAt: F.now, answeredAt: F.later(.seconds(5)),
            settleDelay: Self.settleDelay
        )
    }

    // MARK: Widening

    @Test(arguments: beliefs, effects)
    func `Widening adds the effect and a doubt from the sending, and takes nothing away`(
        belief: Belief, effect: Effect
    ) {
        let wide = belief.widened(by: effect, sentAt: F.now)
        #expect(wide.contains(effect))
        #expect(Set(belief.elements).isSubset(of: wide.elements))
        #expect(wide.count == belief.count + (belief.contains(effect) ? 0 : 1))
        #expect(wide.doubts.first { $0.effect == effect }?.since == F.now)
        let others = { (belief: Belief) in belief.doubts.filter { $0.effect != effect } }
        #expect(others(wide) == others(belief))
    }

    @Test func `A doubt is never made older`() {
        let belief = F.on(1, doubts: [.init(effect: .on(1), since: F.later(.seconds(60)))])
        #expect(belief.widened(by: .on(1), sentAt: F.now).doubts == belief.doubts)
    }

    // MARK: Narrowing, by verdict

    @Test(arguments: beliefs, effects)
    func `No effect leaves the belief as it was before widening`(belief: Belief, effect: Effect) {
        for proof in Self.proofs { #expect(narrowed(belief, by: .noEffect, of: effect, proof: proof) == belief) }
    }

    @Test(arguments: beliefs, effects)
    func `A refusal leaves it widened, and is no doubt of its own`(belief: Belief, effect: Effect) {
        for proof in Self.proofs {
            let after = narrowed(belief, by: .refused, of: effect, proof: proof)
            #expect(after.elements == belief.widened(by: effect, sentAt: F.now).elements)
            #expect(after.doubts == belief.doubts)
        }
    }

    @Test(arguments: beliefs, effects)
    func `Doubt leaves it widened, doubted from the moment it was given up`(belief: Belief, effect: Effect) {
        for proof in Self.proofs {
            let after = narrowed(belief, by: .inDoubt, of: effect, proof: proof)
            #expect(after.elements == belief.widened(by: effect, sentAt: F.now).elements)
            #expect(after.doubts.first { $0.effect == effect }?.since == F.later(.seconds(5)))
        }
    }

    @Test(arguments: beliefs, proofs)
    func `An accepted disable leaves off and what may still land`(belief: Belief, proof: EnableProof) {
        let after = narrowed(belief, by: .accepted, of: .off, proof: proof)
        let standing = belief.unsettledDoubts(at: F.now, settleDelay: Self.settleDelay)
        #expect(after.maybeOff && !after.maybeForeign)
        #expect(after.generations == standing.compactMap(\.effect.generation).sorted())
        #expect(after.doubts == standing)
    }

    @Test(arguments: beliefs, [Effect.on(1), .on(2), .on(3)])
    func `An accepted enable that may be ignored keeps every other PIN`(belief: Belief, effect: Effect) {
        let after = narrowed(belief, by: .accepted, of: effect)
        let standing = belief.unsettledDoubts(at: F.now, settleDelay: Self.settleDelay)
        #expect(Set(after.generations) == Set(belief.generations).union([effect.generation ?? 0]))
        #expect(after.maybeForeign == belief.maybeForeign)
        #expect(after.maybeOff == standing.contains { $0.effect == .off })
        #expect(after.doubts == standing)
    }

    @Test(arguments: beliefs, [Effect.on(1), .on(2), .on(3)])
    func `An accepted enable that replaces leaves its PIN and what may still land`(belief: Belief, effect: Effect) {
        let after = narrowed(belief, by: .accepted, of: effect, proof: .replaces)
        let standing = belief.unsettledDoubts(at: F.now, settleDelay: Self.settleDelay)
        let landing = Set(standing.compactMap(\.effect.generation))
        #expect(Set(after.generations) == landing.union([effect.generation ?? 0]))
        #expect(!after.maybeForeign)
        #expect(after.maybeOff == standing.contains { $0.effect == .off })
        #expect(after.doubts == standing)
    }

    // MARK: Doubts

    @Test func `A doubt settles exactly at the settle delay`() {
        let doubt = Belief.Doubt(effect: .off, since: F.now)
        #expect(!doubt.isSettled(at: F.later(.milliseconds(599_999)), settleDelay: Self.settleDelay))
        #expect(doubt.isSettled(at: F.later(.seconds(600)), settleDelay: Self.settleDelay))
    }

    @Test func `What counts is whether the doubt had settled when the request was sent`() {
        let belief = F.on(1, off: true, doubts: [F.doubt(.off, .milliseconds(599_999))])
        let early = belief.narrowed(
            by: .accepted, of: .on(1), proof: .mayBeIgnored, sentAt: F.now, answeredAt: F.later(.seconds(60)),
            settleDelay: Self.settleDelay)
        #expect(early.elements == ["off", "on(1)"])
        let late = belief.narrowed(
            by: .accepted, of: .on(1), proof: .mayBeIgnored, sentAt: F.later(.milliseconds(1)),
            answeredAt: F.later(.seconds(60)), settleDelay: Self.settleDelay)
        #expect(late == F.on(1))
    }

    @Test func `An earlier doubt about the same effect stays after its acceptance`() {
        let belief = F.on(1, doubts: [F.doubt(.on(1))])
        #expect(narrowed(belief, by: .accepted, of: .on(1)).doubts == belief.doubts)
    }

    @Test func `Only doubted besides the effect means exactly that`() {
        let unsettled = F.on(1, off: true, doubts: [F.doubt(.off)])
        let isOnly = { (belief: Belief, effect: Effect) in
            belief.isOnlyDoubted(besides: effect, at: F.now, settleDelay: Self.settleDelay)
        }
        #expect(isOnly(unsettled, .on(1)))
        #expect(!isOnly(unsettled, .off))
        #expect(!isOnly(F.on(1, off: true, doubts: [F.doubt(.off, .seconds(600))]), .on(1)))
        #expect(!isOnly(F.on(1, off: true, foreign: true, doubts: [F.doubt(.off)]), .on(1)))
        #expect(!isOnly(F.on(1, doubts: [F.doubt(.on(1))]), .on(1)))
        #expect(!isOnly(F.on(1, 2, off: true, doubts: [F.doubt(.off)]), .on(1)))
        #expect(!isOnly(F.on(2, off: true, doubts: [F.doubt(.off)]), .on(1)))
    }

    @Test func `Foreign is added and everything else kept`() {
        let belief = F.on(1, off: true, doubts: [F.doubt(.off)])
        #expect(belief.addingForeign().elements == ["off", "foreign", "on(1)"])
        #expect(belief.addingForeign().doubts == belief.doubts)
    }
}
