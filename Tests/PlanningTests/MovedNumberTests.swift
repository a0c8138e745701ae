import Testing

@testable import Planning

/// What becomes of a number's knowledge when it arrives in a store, with and without an earlier life there.
struct MovedNumberTests {
    private static let settle: Duration = .seconds(600)

    private static func moved(_ belief: Belief, _ generations: [PINGeneration], last: Effect? = nil) -> MovedNumber {
        MovedNumber(desired: Fixture.desired(), belief: belief, generations: generations, lastAccepted: last, moves: 2)
    }

    private static func arrival(_ moved: MovedNumber, over leftover: Leftover?) -> Arrival {
        moved.arriving(over: leftover, now: Fixture.now, settleDelay: settle)
    }

    private static let doubtedNow = Belief.Doubt(effect: .on(4), since: Fixture.now)

    @Test func `A store that never had the number keeps all of it as it was, and lets doubts settle by its own clock`()
    {
        let doubt = Fixture.doubt(.on(4), .seconds(86_400))
        let moved = Self.moved(
            Fixture.on(3, 4, off: true, doubts: [doubt]), [3, 4].map { Fixture.generation($0) }, last: .on(3))
        let arrival = Self.arrival(moved, over: nil)
        #expect(arrival.belief == Fixture.on(3, 4, off: true, doubts: [Self.doubtedNow]))
        #expect(arrival.lastAccepted == .on(3))
        #expect(arrival.new == moved.generations && arrival.known.isEmpty)
    }

    @Test func `A number that comes back keeps what both know as one, and goes on counting behind it`() {
        let old = [1, 2].map { Fixture.generation($0) }
        let moved = Self.moved(Fixture.on(3), old + [Fixture.generation(3)], last: .on(3))
        let arrival = Self.arrival(moved, over: Leftover(belief: Fixture.on(2), generations: old))
        #expect(arrival.belief == Fixture.on(3), "what was live here is not any more: the other store has proven it")
        #expect(arrival.lastAccepted == .on(3))
        #expect(arrival.new.map(\.generation) == [3])
        #expect(arrival.known.map(\.generation) == [1, 2])
    }

    @Test func `A PIN that was made elsewhere from the start gets the next generation here`() {
        let own = [1, 2, 3].map { Fixture.generation($0) }
        let others = [1, 2].map { Fixture.generation($0, pin: "72941\($0)") }
        let arrival = Self.arrival(
            Self.moved(Fixture.on(1, 2, off: true), others, last: .on(2)),
            over: Leftover(belief: Fixture.on(3), generations: own))
        #expect(arrival.belief == Fixture.on(4, 5, off: true))
        #expect(arrival.lastAccepted == .on(5))
        #expect(arrival.new.map(\.pin) == others.map(\.pin))
        #expect(arrival.known.map(\.generation) == [1, 2, 3])
        #expect(arrival.known[2].liveUntil == Fixture.now)
    }

    @Test func `When a PIN may be live that nobody holds, it may be one of ours`() {
        let own = [1, 2].map { Fixture.generation($0) }
        let moved = Self.moved(Fixture.on(1, foreign: true), [Fixture.generation(1, pin: "729411")])
        let arrival = Self.arrival(moved, over: Leftover(belief: Fixture.on(2), generations: own))
        #expect(arrival.belief == Fixture.on(2, 3, foreign: true))
        #expect(arrival.known.first { $0.generation == 2 }?.liveUntil == nil)
    }

    @Test func `A request of an earlier time here that may still land stays possible, a settled one does not`() {
        let own = [1, 2].map { Fixture.generation($0) }
        let standing = Fixture.doubt(.on(2), .seconds(60))
        let settled = Fixture.doubt(.off, .seconds(3600))
        let leftover = Leftover(
            belief: Fixture.on(1, 2, off: true, doubts: [standing, settled]), generations: own)
        let arrival = Self.arrival(Self.moved(Fixture.on(3), own + [Fixture.generation(3)]), over: leftover)
        #expect(arrival.belief == Fixture.on(2, 3, doubts: [standing]))
    }

    @Test func `A doubt that both have counts from the later time`() {
        let own = [Fixture.generation(1)]
        let ahead = Belief.Doubt(effect: .on(1), since: Fixture.later(.seconds(30)))
        let arrival = Self.arrival(
            Self.moved(Fixture.on(1, doubts: [ahead]), own),
            over: Leftover(belief: Fixture.on(1, doubts: [Fixture.doubt(.on(1), .seconds(30))]), generations: own))
        #expect(arrival.belief == Fixture.on(1, doubts: [ahead]))
    }

    /// Over all small beliefs: the truth, which the bundle's belief holds, is in what the store believes afterwards, by
    /// its PIN and not by its number.
    @Test func `What is live by the bundle is live by the store, over every small case`() {
        let pins = (1...3).map { Fixture.generation($0) } + (1...3).map { Fixture.generation($0, pin: "72941\($0)") }
        for bundleSet in 1..<64 where bundleSet.nonzeroBitCount <= 3 {
            let sent = pins.indices.filter { bundleSet & (1 << $0) != 0 }.enumerated().map { place, index in
                Self.renamed(pins[index], place + 1)
            }
            for live in 1..<(1 << sent.count) {
                let generations = sent.indices.filter { live & (1 << $0) != 0 }.map { sent[$0].generation }
                let belief = Belief(maybeOff: live == 1, maybeForeign: live == 2, generations: generations)
                let leftover = Leftover(belief: Fixture.on(2), generations: (1...3).map { Fixture.generation($0) })
                let arrival = Self.arrival(Self.moved(belief, sent), over: leftover)
                let kept = arrival.known + arrival.new
                #expect(Set(kept.map(\.generation)).count == kept.count, "no number is given twice")
                for generation in sent where belief.generations.contains(generation.generation) {
                    let here = kept.filter { $0.pin == generation.pin }.map(\.generation)
                    #expect(here.contains { arrival.belief.generations.contains($0) })
                }
                #expect(arrival.belief.maybeOff == belief.maybeOff || arrival.belief.maybeOff)
                #expect(arrival.belief.maybeForeign == belief.maybeForeign)
                #expect(arrival.belief.generations.allSatisfy { name in kept.contains { $0.generation == name } })
            }
        }
    }

    private static func renamed(_ generation: PINGeneration, _ name: Int) -> PINGeneration {
        PINGeneration(
            generation: name, pin: generation.pin, origin: generation.origin, createdAt: generation.createdAt,
            liveFrom: generation.liveFrom)
    }

    @Test func `A number that comes back without a bundle may be anything`() {
        var record = Fixture.record(nil, Fixture.on(3))
        record.lastAccepted = .on(3)
        #expect(record.taking(Fixture.desired()).belief == Fixture.on(3), "one that only left the file is as it was")
        record.handedOverAt = Fixture.ago(.seconds(60))
        let back = record.taking(Fixture.desired())
        #expect(back.belief == Fixture.on(3, off: true, foreign: true))
        #expect(back.lastAccepted == nil && back.handedOverAt == nil)
        #expect(back.generations == record.generations)
    }
}
