import Planning
import Testing

struct BeliefTests {
    typealias F = Fixture

    @Test func `A number never seen before is off or foreign`() {
        #expect(Belief.unknown.elements == ["off", "foreign"])
        #expect(!Belief.unknown.isCertain)
        #expect(Belief.unknown.certainEffect == nil)
    }

    @Test func `Elements are ordered and unique`() {
        let belief = Belief(maybeOff: true, maybeForeign: true, generations: [3, 1, 3])
        #expect(belief.elements == ["off", "foreign", "on(1)", "on(3)"])
        #expect(belief.count == 4)
        #expect(belief.contains(.on(3)) && belief.contains(.off) && !belief.contains(.on(2)))
    }

    @Test func `Certainty is one element, and a foreign one has no effect of ours`() {
        #expect(F.off.certainEffect == .off)
        #expect(F.on(2).certainEffect == .on(2))
        #expect(F.foreign.isCertain && F.foreign.certainEffect == nil)
        #expect(F.on(2, off: true).certainEffect == nil)
    }

    @Test func `Effects name their action and generation`() {
        #expect(Effect.off.action == .disable && Effect.off.generation == nil)
        #expect(Effect.on(3).action == .enable && Effect.on(3).generation == 3)
        #expect([Effect.on(2), .off, .on(1)].sorted() == [.off, .on(1), .on(2)])
    }
}
