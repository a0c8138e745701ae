import Dice
import Planning

/// The real planner and the real belief as a finite graph over nodes in normal form, grown as it is walked.
///
/// It does not know the vendor's true state, so one machine serves every vendor.
final class RecordMachine {
    /// A step to another node, with the new numbers of the generations.
    struct Edge {
        let target: Int
        let map: UInt32
        /// True when requests reach another number, with an unknown state, from here on.
        var isOtherNumber = false
    }

    /// The planner's decision about a resting number.
    enum Standing: Equatable {
        case sends
        /// The observer is asked before a request is sent.
        case observes
        case converged
        case awaitsSettlement
        case held
        /// The vendor refuses the needed request: the number rests for the maximum backoff.
        case impasse
        case unmanaged
    }

    final class Resting {
        var standing = Standing.unmanaged
        var departure: Edge?
        /// A re-apply or a rotation falls due, or the rest of an impasse is over.
        var fallingDue: [Edge] = []
        /// The rest of an impasse is over.
        var impasseOver: Edge?
        var edits: [Edge] = []
        /// The operator's value changes or can no longer be read.
        var operatorEdits: [Edge] = []
        /// A doubt settles.
        var settling: [(effect: Int, edge: Edge)] = []
        /// The settle delay passes without an event.
        var timePasses: Edge?
        /// The observer answers; `isEvidence` is true when the answer is evidence.
        var seenOn: Edge?
        var seenOff: Edge?
        var seenNothing: Edge?
        var isEvidence = false
        var reports: Reports?
    }

    /// The reports of changes by others.
    struct Reports {
        let on: Edge
        let off: Edge
        let pinChanged: Edge
    }

    final class Flying {
        let effect: Int
        let isWanted: Bool
        /// True when the entry has named another number since: the result of the request does not affect the true
        /// state.
        let isSuperseded: Bool
        let crash: Edge
        let accepted: Edge
        let refused: Edge
        let inDoubt: Edge
        let noEffect: Edge
        /// The request is carried out, and answered with a status that proves nothing.
        let answered: [Edge]
        let edits: [Edge]
        let reports: Reports?

        init(
            effect: Int, isWanted: Bool, isSuperseded: Bool, crash: Edge, accepted: Edge, refused: Edge, inDoubt: Edge,
            noEffect: Edge,
            answered: [Edge], edits: [Edge], reports: Reports?
        ) {
            self.effect = effect
            self.isWanted = isWanted
            self.isSuperseded = isSuperseded
            self.crash = crash
            self.accepted = accepted
            self.refused = refused
            self.inDoubt = inDoubt
            self.noEffect = noEffect
            self.answered = answered
            self.edits = edits
            self.reports = reports
        }
    }

    let scenario: Scenario
    private(set) var nodes: [Node] = []
    /// For each node, the true states that its belief allows, one bit each.
    private(set) var beliefs: [Int] = []
    /// For each node, our generations that may be live whatever the result of the request in flight, one bit each.
    private(set) var established: [Int] = []
    /// For each node, the effects in unsettled doubt, one bit each.
    private(set) var unsettled: [Int] = []
    /// For each node, whether the number is in the file.
    private(set) var isManaged: [Bool] = []
    /// The errors found on the way from node to node that do not depend on the true state: broken I2, a changed PIN, a
    /// doubt made older.
    private(set) var faults: [String] = []
    private var numbers: [Node: Int] = [:]
    private var flights: [Bool] = []
    private var resting: [Resting?] = []
    private var flying: [Flying?] = []
    private var random = SplitMix64(seed: 1)

    init(_ scenario: Scenario) {
        self.scenario = scenario
    }

    /// Returns the nodes of a number that was never seen before.
    func start() throws -> [Int] {
        let value: Scenario.OperatorValue = scenario.isVouchedFor ? .first : .unavailable
        return try scenario.entries.map { entry in
            let record = NumberRecord(number: Scenario.number).adopting(entry, at: Scenario.now)
            return try intern(
                Node(record: record, flight: nil, operatorValue: value, isObservable: scenario.isObserved)
            ).target
        }
    }

    func isFlying(_ node: Int) -> Bool { flights[node] }

    func restingSteps(of node: Int) throws -> Resting {
        if let known = resting[node] { return known }
        let steps = try makeRestingSteps(of: nodes[node])
        resting[node] = steps
        return steps
    }

    func flyingSteps(of node: Int) throws -> Flying {
        if let known = flying[node] { return known }
        guard let flight = nodes[node].flight else { preconditionFailure("the node has a request on its way") }
        let steps = try makeFlyingSteps(of: nodes[node], flight)
        flying[node] = steps
        return steps
    }

    // MARK: Steps of a resting number

    private func makeRestingSteps(of node: Node) throws -> Resting {
        let steps = Resting()
        let decision = Planner.decide(
            node.record, operatorPIN: Scenario.pin(node.operatorValue), policy: Scenario.policy, now: Scenario.now
        )
        steps.standing = Self.standing(decision)
        if case .observe(_, .send(let request, let reason)) = decision {
            // When the observer cannot be asked in time, the request is sent all the same.
            steps.departure = try departure(of: node, request, reason)
        } else if case .send(let request, let reason) = decision {
            steps.departure = try departure(of: node, request, reason)
        }
        if scenario.isObserved { try addObservations(of: node, to: steps) }
        if [node.record.appliedAt, node.record.reapplyRefusals?.at].contains(where: {
            $0.map { $0 > Node.reapplyDueFrom } ?? false
        }) {
            steps.fallingDue.append(
                try step(from: node) { next in
                    next.record.appliedAt = next.record.appliedAt.map { _ in Node.reapplyDueFrom }
                    next.record.reapplyRefusals = nil
                })
        }
        if let rotatedAt = node.record.rotatedAt, rotatedAt > Node.rotationDueFrom {
            steps.fallingDue.append(try step(from: node) { $0.record.rotatedAt = Node.rotationDueFrom })
        }
        if let impasse = node.record.impasse, impasse.at > Node.impasseOverFrom {
            let edge = try step(from: node) { $0.record.impasse?.at = Node.impasseOverFrom }
            steps.impasseOver = edge
            steps.fallingDue.append(edge)
        }
        steps.edits = try edits(of: node)
        steps.operatorEdits = try operatorEdits(of: node)
        let belief = node.record.belief
        for doubt in belief.unsettledDoubts(at: Scenario.now, settleDelay: Scenario.policy.settleDelay) {
            let edge = try step(from: node) { next in
                next.record.belief = Belief(
                    maybeOff: belief.maybeOff, maybeForeign: belief.maybeForeign, generations: belief.generations,
                    doubts: belief.doubts.map {
                        $0.effect == doubt.effect ? .init(effect: $0.effect, since: Node.settledSince) : $0
                    }
                )
            }
            steps.settling.append((Truth.code(of: doubt.effect), edge))
        }
        return steps
    }

    private static func standing(_ decision: Decision) -> Standing {
        switch decision {
        case .idle(_, .unmanaged): .unmanaged
        case .idle(_, .awaitingSettlement): .awaitsSettlement
        case .idle: .converged
        case .hold(_, .disableRefused): .impasse
        case .hold: .held
        case .send: .sends
        case .observe(.observing, _): .observes
        case .observe(_, let otherwise): standing(otherwise)
        }
    }

    private func departure(of node: Node, _ request: PlannedRequest, _ reason: DecisionReason) throws -> Edge {
        let departure = node.record.departing(
            with: request, because: reason, changeID: 1, now: Scenario.now, random: &random
        )
        return try step(from: node) { next in
            next.record = departure.record
            next.flight = departure.flight
        }
    }

    /// Adds the observer's answers, which may come at any time, not only when it is asked for a reason: an answer may
    /// be late.
    private func addObservations(of node: Node, to steps: Resting) throws {
        guard node.record.desired?.observation != nil else { return }
        func seeing(_ answer: ObserverAnswer) throws -> Edge {
            try step(from: node) {
                $0.record = $0.record.observed(
                    answer, askedAt: Scenario.now, now: Scenario.now, policy: Scenario.policy)
            }
        }
        steps.seenOn = try seeing(.enabled)
        steps.seenOff = try seeing(.disabled)
        steps.seenNothing = try seeing(.unknown(Outcome(.timeout)))
        steps.isEvidence = node.record.evidenceFrom(Scenario.policy.settleDelay) <= Scenario.now
        if node.record.observations.askedAt != nil {
            steps.fallingDue.append(try step(from: node) { $0.record.observations.askedAt = nil })
        }
        steps.reports = try reports(of: node)
        let belief = node.record.belief
        let isOld = belief.doubts.allSatisfy { $0.since <= Node.longSettledSince }
        guard node.record.answeredAt != nil || !isOld else { return }
        steps.timePasses = try step(from: node) { next in
            next.record.answeredAt = nil
            next.record.belief = Belief(
                maybeOff: belief.maybeOff, maybeForeign: belief.maybeForeign, generations: belief.generations,
                doubts: belief.doubts.map {
                    let isSettled = $0.since <= Node.settledSince
                    return .init(effect: $0.effect, since: isSettled ? Node.longSettledSince : Node.settledSince)
                })
        }
    }

    private func reports(of node: Node) throws -> Reports? {
        guard scenario.hasStrangers, node.record.desired != nil else { return nil }
        func reporting(_ kind: Observation.Kind) throws -> Edge {
            let report = Observation(kind, at: Scenario.now, source: "ops")
            let order = Order.observe(report)
            return try step(from: node) { next in
                next.record = next.record.obeying(order, toFleet: false, at: Scenario.now)
                next.flight = next.flight?.obeying(order, toFleet: false, at: Scenario.now)
            }
        }
        return Reports(on: try reporting(.on), off: try reporting(.off), pinChanged: try reporting(.pinChanged))
    }

    /// Returns the edits of the file: the record, and the record from before the request, follow as in the engine.
    private func edits(of node: Node) throws -> [Edge] {
        var wanted = scenario.entries
        if scenario.usesRotateBefore {
            for entry in scenario.entries {
                guard var entry, entry.verification == .enabled else { continue }
                entry.rotateBefore = Scenario.now.advanced(by: .seconds(1))
                wanted.append(entry)
            }
        }
        return try wanted.filter { $0 != node.record.desired }.map { entry in
            var edge = try step(from: node) { next in
                next.record = next.record.adopting(entry, at: Scenario.now)
                next.flight = next.flight?.adopting(entry, at: Scenario.now)
            }
            edge.isOtherNumber = entry.map { node.record.change(to: $0) == .otherNumber } ?? false
            return edge
        }
    }

    private func operatorEdits(of node: Node) throws -> [Edge] {
        try scenario.operatorValues.filter { $0 != node.operatorValue }.map { value in
            try step(from: node) { $0.operatorValue = value }
        }
    }

    // MARK: Steps of a number with a request in flight

    private func makeFlyingSteps(of node: Node, _ flight: Flight) throws -> Flying {
        let answeredAt = Scenario.now.advanced(by: .seconds(60))
        func arriving(_ reason: OutcomeReason) throws -> Edge {
            try step(from: node) { next in
                next.record = next.record.arriving(
                    from: flight, with: Outcome(reason), now: answeredAt, policy: Scenario.policy, jitter: 0.5
                )
                next.flight = nil
                if reason.verdict == .inDoubt { checkDoubt(of: flight.effect, at: answeredAt, in: next.record) }
            }
        }
        let crash = try step(from: node) { next in
            next.record = next.record.interrupted(in: flight.effect, at: answeredAt)
            next.flight = nil
            checkDoubt(of: flight.effect, at: answeredAt, in: next.record)
        }
        // Every status with which a request that was carried out may be answered.
        let decidedBefore: Set = [401, 404, 405, 413, 414, 415, 429, 431]
        let reasons = Set((400..<600).filter { !decidedBefore.contains($0) }.map(OutcomeReason.init(httpStatus:)))
        let answered = try reasons.sorted { $0.rawValue < $1.rawValue }.map(arriving)
        return Flying(
            effect: Truth.code(of: flight.effect), isWanted: node.record.desired != nil,
            isSuperseded: flight.isSuperseded, crash: crash,
            accepted: try arriving(.success), refused: try arriving(.vendorRefused), inDoubt: try arriving(.timeout),
            noEffect: try arriving(.notSent), answered: answered, edits: try edits(of: node),
            reports: try reports(of: node)
        )
    }

    // MARK: Nodes

    private func step(from node: Node, _ change: (inout Node) -> Void) throws -> Edge {
        var next = node
        change(&next)
        check(next, after: node)
        return try intern(next)
    }

    private func intern(_ node: Node) throws -> Edge {
        let (normal, map) = try node.normalised()
        if let known = numbers[normal] { return Edge(target: known, map: map) }
        let number = nodes.count
        numbers[normal] = number
        nodes.append(normal)
        isManaged.append(normal.record.desired != nil)
        resting.append(nil)
        flying.append(nil)
        flights.append(normal.flight != nil)
        let belief = normal.record.belief
        var mask = belief.generations.reduce(belief.maybeOff ? 1 : 0) { $0 | 1 << $1 }
        let holdsFirst = belief.generations.contains {
            normal.record.generation($0)?.pin == Scenario.firstOperatorPIN
        }
        if belief.maybeForeign || (scenario.isVouchedFor && holdsFirst) { mask |= 1 << Truth.foreign }
        // When others may change the number, only whether it is enabled is known for certain.
        if scenario.hasStrangers, mask & ~1 != 0 { mask |= 0xFE }
        beliefs.append(mask)
        let before = normal.flight?.before.belief ?? belief
        established.append(before.generations.reduce(0) { $0 | 1 << $1 })
        let doubts = belief.unsettledDoubts(at: Scenario.now, settleDelay: Scenario.policy.settleDelay)
        unsettled.append(doubts.reduce(0) { $0 | 1 << Truth.code(of: $1.effect) })
        return Edge(target: number, map: map)
    }

    private func checkDoubt(of effect: Effect, at instant: Instant, in record: NumberRecord) {
        if !record.belief.doubts.contains(where: { $0.effect == effect && $0.since >= instant }) {
            faults.append("I1 an unanswered request is not doubted from its last instant: \(record.belief)")
        }
    }

    /// Checks the conditions that hold for every step, whatever the true state.
    private func check(_ next: Node, after node: Node) {
        for generation in next.record.belief.generations where next.record.generation(generation) == nil {
            faults.append("I2 generation \(generation) may be live and its PIN is not kept: \(next.record.belief)")
        }
        let numbers = next.record.generations.map(\.generation)
        if Set(numbers).count != numbers.count { faults.append("I2 two PINs have one generation: \(numbers)") }
        for old in node.record.generations {
            if let kept = next.record.generation(old.generation), kept.pin != old.pin {
                faults.append("I2 the PIN of generation \(old.generation) changed")
            }
        }
        for old in node.record.belief.doubts {
            if let kept = next.record.belief.doubts.first(where: { $0.effect == old.effect }),
                kept.since < old.since, kept.since != Node.settledSince, kept.since != Node.longSettledSince
            {
                faults.append("I1 the doubt about \(old.effect) became older: \(next.record.belief)")
            }
        }
    }
}
