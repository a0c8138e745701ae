import Planning

/// One number as the daemon knows it: the durable record, and the request in flight if there is one.
///
/// A node in normal form represents all nodes that differ only in parts that cannot matter. Times become "fresh" or
/// "due" and "settled" or "not settled"; counts stop where the planner stops counting; generations are numbered 1, 2, 3
/// … in order, without those that are neither possible nor the newest.
struct Node: Hashable {
    var record: NumberRecord
    var flight: Flight?
    var operatorValue: Scenario.OperatorValue
    /// True when the number can be observed while it is in the file.
    var isObservable: Bool

    /// Returns the normal form, and the new number of each generation: four bits each, 15 for one that is left out.
    func normalised() throws -> (node: Node, map: UInt32) {
        let kept = keptGenerations()
        guard kept.count <= Truth.maxGenerations else { throw TooManyGenerations(generations: kept) }
        var map = UInt32.max
        for (index, generation) in kept.enumerated() where generation < 8 {
            map &= ~(15 << UInt32(4 * generation))
            map |= UInt32(index + 1) << UInt32(4 * generation)
        }
        var node = Node(
            record: normalised(record, kept), flight: nil, operatorValue: operatorValue, isObservable: isObservable)
        if let flight {
            let effect = Self.renumbered(flight.effect, kept)
            let content: PlannedRequest.Content = effect.generation.map { .enable(generation: $0) } ?? .disable
            node.flight = Flight(
                changeID: 1, request: PlannedRequest(content, proof: flight.request.proof),
                reason: Self.normalised(flight.reason), effect: effect, sentAt: Scenario.now,
                before: normalised(flight.before, kept)
            )
            node.flight?.isSuperseded = flight.isSuperseded
            node.flight?.isContradicted = flight.isContradicted
        }
        return (node, map)
    }

    /// The error when more generations matter at once than the exploration has room for: the space would not be closed.
    struct TooManyGenerations: Error {
        let generations: [Int]
    }

    private func keptGenerations() -> [Int] {
        var kept = Set(record.belief.generations)
        if let flight {
            kept.formUnion(flight.before.belief.generations)
            if let generation = flight.effect.generation { kept.insert(generation) }
        }
        if let generation = record.lastAccepted?.generation { kept.insert(generation) }
        if let newest = record.generations.last { kept.insert(newest.generation) }
        // An operator's value that returns needs the generation that it had.
        for value in [Scenario.firstOperatorPIN, Scenario.secondOperatorPIN] {
            if let last = record.generations.last(where: { $0.pin == value }) { kept.insert(last.generation) }
        }
        return kept.sorted()
    }

    private func normalised(_ record: NumberRecord, _ kept: [Int]) -> NumberRecord {
        var next = NumberRecord(number: record.number, desired: record.desired, identity: record.identity)
        let rotateBefore = record.desired?.rotateBefore
        if rotateBefore != nil { next.desired?.rotateBefore = Scenario.now }
        next.belief = Belief(
            maybeOff: record.belief.maybeOff, maybeForeign: record.belief.maybeForeign,
            generations: record.belief.generations.map { Self.number($0, kept) },
            doubts: record.belief.doubts.map { doubt in
                let isSettled = doubt.isSettled(at: Scenario.now, settleDelay: Scenario.policy.settleDelay)
                // The time since it settled matters to observers alone.
                let isOld = isObservable && doubt.since <= Self.longSettledSince
                return Belief.Doubt(
                    effect: Self.renumbered(doubt.effect, kept),
                    since: isOld ? Self.longSettledSince : isSettled ? Self.settledSince : Self.unsettledSince
                )
            }
        )
        next.generations = record.generations.compactMap { generation in
            guard kept.contains(generation.generation) else { return nil }
            let index = Self.number(generation.generation, kept)
            let isOld = rotateBefore.map { generation.createdAt < $0 } ?? false
            return PINGeneration(
                generation: index, pin: generation.origin == .generated ? Self.pins[index - 1] : generation.pin,
                origin: generation.origin, createdAt: isOld ? Scenario.now.advanced(by: .seconds(-1)) : Scenario.now,
                liveFrom: generation.liveFrom == nil ? nil : Scenario.now
            )
        }
        next.lastAccepted = record.lastAccepted.map { Self.renumbered($0, kept) }
        let counted = record.impasse?.refusesBoth == true ? 4 : 2
        next.refusals = record.refusals.map { .init(action: $0.action, count: min($0.count, counted)) }
        next.impasse = record.impasse.map { impasse in
            // Its instant matters only while it causes a rest.
            let mayRest = impasse.refusesDisable || impasse.refusesBoth || impasse.isOppositeSpent
            var impasse = impasse
            impasse.at = !mayRest || impasse.at <= Self.impasseOverFrom ? Self.impasseOverFrom : Scenario.now
            return impasse
        }
        next.cycle = record.cycle.map { cycle in
            .init(since: Scenario.now, reason: cycle.isOurs ? .rotationDue : .enabling)
        }
        next.appliedAt = record.appliedAt.map { $0 <= Self.reapplyDueFrom ? Self.reapplyDueFrom : Scenario.now }
        if let refused = record.reapplyRefusals {
            // The planner treats a refusal like an acceptance: the re-apply is due one period later. Only before any
            // acceptance is there a difference, because contact is still the first.
            let isDue = refused.at <= Self.reapplyDueFrom
            if next.appliedAt != nil, !isDue { next.appliedAt = Scenario.now }
            next.reapplyRefusals = next.appliedAt != nil || isDue ? nil : .init(count: 1, at: Scenario.now)
        }
        if isObservable {
            next.answeredAt = record.answeredAt.flatMap { $0 > Self.settledSince ? Scenario.now : nil }
            let isObserved =
                record.observations.askedAt.map { $0 >= record.evidenceFrom(Scenario.policy.settleDelay) } ?? false
            next.observations.askedAt = isObserved ? Scenario.now : nil
        }
        next.rotatedAt = record.rotatedAt.map { $0 <= Self.rotationDueFrom ? Self.rotationDueFrom : Scenario.now }
        return next
    }

    /// An instant so old that a re-apply is due.
    static let reapplyDueFrom = Scenario.now.advanced(by: .zero - Scenario.reapplyEvery)
    /// An instant so old that a rotation is due, spread included.
    static let rotationDueFrom = Scenario.now.advanced(by: .zero - Scenario.rotateEvery * 2)
    /// The instant of an impasse whose rest is over.
    static let impasseOverFrom = Scenario.now.advanced(by: .zero - Scenario.policy.backoffMax)
    /// The instant of a doubt that has just settled.
    static let settledSince = Scenario.now.advanced(by: .zero - Scenario.policy.settleDelay)
    /// The instant of a doubt that settled so long ago that an observer sees its effect.
    static let longSettledSince = settledSince.advanced(by: .zero - Scenario.policy.settleDelay)
    /// The instant of a doubt that is about to settle by the minimum, so that a mistake of one instant shows.
    static let unsettledSince = settledSince.advanced(by: .milliseconds(1))

    private static func normalised(_ reason: DecisionReason) -> DecisionReason {
        reason == .reapplyDue || reason == .oppositeAfterRefusal ? reason : .enabling
    }

    private static let pins = ["830174", "461907", "957203", "604815"].compactMap(PIN.init(digits:))

    private static func number(_ generation: Int, _ kept: [Int]) -> Int {
        guard let index = kept.firstIndex(of: generation) else { preconditionFailure("\(generation) is kept") }
        return index + 1
    }

    private static func renumbered(_ effect: Effect, _ kept: [Int]) -> Effect {
        effect.generation.map { .on(number($0, kept)) } ?? .off
    }
}
