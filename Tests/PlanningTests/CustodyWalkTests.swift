import Testing

@testable import Planning

/// A number that two stores have in turn, through lost answers, late requests and moves with a bundle and without: what
/// the vendor has is always within the belief of the store that has the number.
struct CustodyWalkTests {
    /// What the vendor has.
    private enum Truth: Hashable {
        case off
        case on(PIN)
    }

    /// One store's knowledge of the number.
    private struct Holder {
        var record = NumberRecord(number: Fixture.number, desired: Fixture.desired())
        var moves = 0
        /// Whether it ever had the number.
        var isKnown = false
    }

    private struct Late {
        let truth: Truth
        let latest: Instant
    }

    private static let policy = Policy()
    private static var settle: Duration { policy.settleDelay }

    private struct World {
        var dice: Dice
        var holders = [Holder(), Holder()]
        var active = 0
        var truth: Truth
        var late: [Late] = []
        var now = Fixture.now
        var moved = (with: 0, without: 0)

        init(seed: UInt64) {
            dice = Dice(state: seed)
            truth = seed % 3 == 0 ? .off : .on(Fixture.pin("604181"))
            holders[0].isKnown = true
        }

        mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &dice) < percent }

        mutating func step() {
            now = now.advanced(by: .seconds(Int.random(in: 1...400, using: &dice)))
            late.removeAll { $0.latest < now }
            if !late.isEmpty, chance(30) { truth = late.remove(at: Int.random(in: late.indices, using: &dice)).truth }
            if chance(25) { move() } else { request() }
        }

        private mutating func request() {
            let record = holders[active].record
            let known = record.belief.generations.last ?? record.generations.last?.generation
            let content: PlannedRequest.Content
            switch Int.random(in: 0..<4, using: &dice) {
            case 0, 1: content = .disable
            case 2: content = known.map { .enable(generation: $0) } ?? .enableNew
            default: content = .enableNew
            }
            let request = PlannedRequest(content, proof: .mayBeIgnored, startsCycle: content == .disable)
            let departure = record.departing(
                with: request, because: .enabling, changeID: 1, now: now, random: &dice)
            holders[active].record = departure.record
            let effect = effect(of: departure.flight.effect)
            now = now.advanced(by: .seconds(5))
            // An enable of a number that is on may be accepted and ignored; an answer that was not seen says nothing.
            let outcome: Outcome
            switch Int.random(in: 0..<5, using: &dice) {
            case 0:
                outcome = Outcome(.connectionRefused)
            case 1:
                if chance(50) { truth = effect }
                outcome = Outcome(.timeout)
            case 2:
                late.append(Late(truth: effect, latest: now.advanced(by: CustodyWalkTests.settle)))
                outcome = Outcome(.timeout)
            default:
                if effect == .off || truth == .off || chance(50) { truth = effect }
                outcome = Outcome(.success)
            }
            guard !chance(10) else {
                // The process was killed before the answer: the doubt counts from its next start.
                holders[active].record.belief = holders[active].record.belief.renewingDoubt(
                    of: departure.flight.effect, at: now)
                return
            }
            holders[active].record = holders[active].record.arriving(
                from: departure.flight, with: outcome, now: now, policy: CustodyWalkTests.policy, jitter: 0.5)
        }

        private func effect(of effect: Effect) -> Truth {
            guard let generation = effect.generation else { return .off }
            guard let pin = holders[active].record.generation(generation)?.pin else {
                preconditionFailure("what is sent is known")
            }
            return .on(pin)
        }

        /// The other store gets the number, with what is known of it or with nothing.
        private mutating func move() {
            let (from, to) = (holders[active], 1 - active)
            let clocksDiffer = Duration.seconds(Int.random(in: -900...900, using: &dice))
            if chance(70) {
                let working = from.record.generations.suffix(PINGenerator.remembered).map(\.generation)
                let moved = MovedNumber(
                    desired: Fixture.desired(), belief: skewed(from.record.belief, by: clocksDiffer),
                    generations: from.record.generations.filter {
                        working.contains($0.generation) || from.record.belief.generations.contains($0.generation)
                    },
                    lastAccepted: from.record.lastAccepted, moves: from.moves + 1)
                let leftover =
                    holders[to].isKnown
                    ? Leftover(belief: holders[to].record.belief, generations: holders[to].record.generations) : nil
                let arrival = moved.arriving(over: leftover, now: now, settleDelay: CustodyWalkTests.settle)
                holders[to].record.belief = arrival.belief
                holders[to].record.lastAccepted = arrival.lastAccepted
                holders[to].record.generations = (arrival.known + arrival.new).sorted { $0.generation < $1.generation }
                holders[to].moves = moved.moves
                self.moved.with += 1
            } else {
                // Without a bundle nobody knows what is still on its way: it has to have settled.
                now = now.advanced(by: CustodyWalkTests.settle + .seconds(1))
                late = []
                if holders[to].isKnown {
                    var record = holders[to].record
                    record.desired = nil
                    record.handedOverAt = now
                    holders[to].record = record.taking(Fixture.desired())
                }
                self.moved.without += 1
            }
            holders[to].isKnown = true
            active = to
        }

        /// The same belief by a clock that differs.
        private func skewed(_ belief: Belief, by difference: Duration) -> Belief {
            Belief(
                maybeOff: belief.maybeOff, maybeForeign: belief.maybeForeign, generations: belief.generations,
                doubts: belief.doubts.map { .init(effect: $0.effect, since: $0.since.advanced(by: difference)) })
        }

        /// Whether the truth is an element of what the store believes that has the number.
        var isSound: Bool {
            let record = holders[active].record
            switch truth {
            case .off: return record.belief.maybeOff
            case .on(let pin):
                return record.belief.maybeForeign
                    || record.belief.generations.contains { record.generation($0)?.pin == pin }
            }
        }
    }

    private struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state ^ (state >> 33)) &* 0xff51_afd7_ed55_8ccd
        }
    }

    @Test func `In 2,000 histories of 60 steps the truth is always in the belief of the store that has the number`() {
        var moved = (with: 0, without: 0)
        var certain = 0
        for seed in 1...2000 as ClosedRange<UInt64> {
            var world = World(seed: seed)
            for step in 1...60 {
                world.step()
                guard world.isSound else {
                    Issue.record("seed \(seed), step \(step): \(world.truth) is not in the belief")
                    return
                }
                if world.holders[world.active].record.belief.isCertain { certain += 1 }
            }
            moved.with += world.moved.with
            moved.without += world.moved.without
        }
        #expect(moved.with > 10_000 && moved.without > 5000 && certain > 5000, "the histories are what they should be")
    }
}
