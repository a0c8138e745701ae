/// Everything that one store knows of a number and another needs, so that what the vendor may do stays within the belief
/// and no PIN that may be live is lost on the way.
public struct MovedNumber: Hashable, Sendable {
    /// What the desired state said last where it comes from. It is not in force where it arrives.
    public var desired: DesiredNumber
    public var belief: Belief
    /// The generations that may be live and the newest few, ascending.
    public var generations: [PINGeneration]
    public var lastAccepted: Effect?
    public var appliedAt: Instant?
    public var rotatedAt: Instant?
    public var rotateBefore: Instant?
    public var pause: Pause?
    /// When requests reached the vendor within the last hour, ascending: the write budget is the number's, not the store's.
    public var recentWrites: [Instant]
    /// How often the number was handed over, this time included. What is known of it is the newer the higher this is.
    public var moves: Int

    /// Which number it is.
    public var number: PhoneNumber { desired.number }

    public init(
        desired: DesiredNumber, belief: Belief, generations: [PINGeneration], lastAccepted: Effect? = nil,
        appliedAt: Instant? = nil, rotatedAt: Instant? = nil, rotateBefore: Instant? = nil, pause: Pause? = nil,
        recentWrites: [Instant] = [], moves: Int
    ) {
        self.desired = desired
        self.belief = belief
        self.generations = generations
        self.lastAccepted = lastAccepted
        self.appliedAt = appliedAt
        self.rotatedAt = rotatedAt
        self.rotateBefore = rotateBefore
        self.pause = pause
        self.recentWrites = recentWrites
        self.moves = moves
    }
}

/// What a store that had a number before, and gave it away, still holds of it.
public struct Leftover: Hashable, Sendable {
    /// What was believed when it was given away.
    public var belief: Belief
    /// The generations that may be live and the newest few, ascending.
    public var generations: [PINGeneration]

    public init(belief: Belief, generations: [PINGeneration]) {
        self.belief = belief
        self.generations = generations
    }
}

/// A number as the store that it arrives in keeps it.
public struct Arrival: Hashable, Sendable {
    public let belief: Belief
    public let lastAccepted: Effect?
    /// Generations that the store does not hold yet, ascending.
    public let new: [PINGeneration]
    /// Generations that it holds already and whose state may have changed, ascending.
    public let known: [PINGeneration]
}

extension MovedNumber {
    /// The number as the store keeps it that it arrives in.
    ///
    /// What comes is the whole truth: whoever gave the number away has sent nothing since. What the store still held of
    /// an earlier time with it counts only as far as it may yet come true: a request of ours that may still land, and,
    /// when a PIN that nobody holds may be live, every PIN of ours. A PIN that both hold is one; the others are numbered
    /// on from where the store's own end, in their order, so that the newest stays the newest.
    ///
    /// A doubt of the other store counts from now on: how far its clock is from this one nobody knows.
    ///
    /// - Parameters:
    ///   - leftover: nil when the store never had the number.
    ///   - now: from when on its doubts count.
    ///   - settleDelay: how long after its end a request may still land.
    public func arriving(over leftover: Leftover?, now: Instant, settleDelay: Duration) -> Arrival {
        let names = leftover.map(renumbering) ?? [:]
        let translated = belief.renumbered(names, doubtedFrom: now)
        guard let leftover else {
            return Arrival(belief: translated, lastAccepted: lastAccepted, new: generations, known: [])
        }
        let standing = leftover.belief.unsettledDoubts(at: now, settleDelay: settleDelay)
        let merged = Belief(
            maybeOff: translated.maybeOff || standing.contains { $0.effect == .off },
            maybeForeign: translated.maybeForeign,
            generations: translated.generations + standing.compactMap(\.effect.generation)
                + (belief.maybeForeign ? leftover.belief.generations : []),
            doubts: Self.latest(translated.doubts + standing))
        let renamed = generations.map { $0.numbered(names[$0.generation] ?? $0.generation) }
        let held = Set(leftover.generations.map(\.generation))
        let taken = Set(renamed.map(\.generation))
        // What is proven not to be live any more was so from now on at the latest.
        let own = leftover.generations.filter { !taken.contains($0.generation) }.map { generation in
            var generation = generation
            let mayBeLive = merged.generations.contains(generation.generation)
            generation.liveUntil = mayBeLive ? nil : generation.liveUntil ?? now
            return generation
        }
        return Arrival(
            belief: merged, lastAccepted: lastAccepted?.renumbered(names),
            new: renamed.filter { !held.contains($0.generation) },
            known: (own + renamed.filter { held.contains($0.generation) }).sorted { $0.generation < $1.generation })
    }

    /// Which generation of the store each of these becomes.
    private func renumbering(over leftover: Leftover) -> [Int: Int] {
        var last = leftover.generations.last?.generation ?? 0
        var names: [Int: Int] = [:]
        for generation in generations {
            if let same = leftover.generations.first(where: { $0.isSame(as: generation) }) {
                names[generation.generation] = same.generation
            } else {
                last = max(last + 1, generation.generation)
                names[generation.generation] = last
            }
        }
        return names
    }

    /// One doubt an effect, the youngest.
    private static func latest(_ doubts: [Belief.Doubt]) -> [Belief.Doubt] {
        var since: [Effect: Instant] = [:]
        for doubt in doubts { since[doubt.effect] = max(since[doubt.effect] ?? doubt.since, doubt.since) }
        return since.map { Belief.Doubt(effect: $0.key, since: $0.value) }
    }
}

extension PINGeneration {
    /// Whether it is the same PIN of the same making, whatever its number.
    fileprivate func isSame(as other: PINGeneration) -> Bool {
        pin == other.pin && origin == other.origin && createdAt == other.createdAt
    }

    fileprivate func numbered(_ generation: Int) -> PINGeneration {
        PINGeneration(
            generation: generation, pin: pin, origin: origin, createdAt: createdAt, liveFrom: liveFrom,
            liveUntil: liveUntil)
    }
}

extension Effect {
    fileprivate func renumbered(_ names: [Int: Int]) -> Effect {
        generation.map { .on(names[$0] ?? $0) } ?? .off
    }
}

extension Belief {
    fileprivate func renumbered(_ names: [Int: Int], doubtedFrom now: Instant) -> Belief {
        Belief(
            maybeOff: maybeOff, maybeForeign: maybeForeign, generations: generations.map { names[$0] ?? $0 },
            doubts: doubts.map { Doubt(effect: $0.effect.renumbered(names), since: max($0.since, now)) })
    }
}
