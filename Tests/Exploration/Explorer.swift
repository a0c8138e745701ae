import Planning

/// Walks every reachable state of one number at one kind of vendor, breadth first.
///
/// A state is a node (what the daemon knows), the vendor's truth, the requests that may still land late, and whether
/// the request on its way has been sent. It is one whole number: the node, then nine bits. A request that may land late
/// does so at any time, once or several times, until it settles; what has not landed by then never does.
final class Explorer {
    static let bitsBesideNode = 9

    let machine: RecordMachine
    let vendor: VendorSemantics
    /// All states, in the order in which they were found.
    private(set) var states: [Int] = []
    /// The most steps from the start to a state.
    private(set) var depth = 0
    /// States in which the truth is not in the belief. Nothing is explored beyond them.
    private(set) var violations: [Int] = []
    /// For each state, where it was first reached from; -1 not reached, -2 a start.
    private(set) var origins: [Int] = []
    private var current = 0

    init(_ machine: RecordMachine, _ vendor: VendorSemantics) {
        self.machine = machine
        self.vendor = vendor
    }

    /// Explores until nothing new is left.
    func run() throws {
        current = -2
        for node in try machine.start() {
            reach(node, truth: Truth.off, late: 0)
            reach(node, truth: Truth.foreign, late: 0)
        }
        var next = 0
        var levelEnd = states.count
        while next < states.count {
            if next == levelEnd {
                depth += 1
                levelEnd = states.count
            }
            current = states[next]
            next += 1
            if isInBelief(current) { try expand(current) } else { violations.append(current) }
        }
    }

    // MARK: The parts of a state

    static func node(of state: Int) -> Int { state >> bitsBesideNode }
    static func truth(of state: Int) -> Int { state & 7 }
    /// The effects that may still land, a bit each.
    static func late(of state: Int) -> Int { (state >> 3) & 31 }
    static func isSent(_ state: Int) -> Bool { state & 256 != 0 }

    static func state(_ node: Int, truth: Int, late: Int, isSent: Bool = false) -> Int {
        node << bitsBesideNode | (isSent ? 256 : 0) | late << 3 | truth
    }

    func isInBelief(_ state: Int) -> Bool {
        machine.beliefs[Self.node(of: state)] & (1 << Self.truth(of: state)) != 0
    }

    // MARK: Steps

    private func expand(_ state: Int) throws {
        let (node, truth, late) = (Self.node(of: state), Self.truth(of: state), Self.late(of: state))
        land(node, truth, late, isSent: Self.isSent(state))
        if machine.isFlying(node) {
            let steps = try machine.flyingSteps(of: node)
            if Self.isSent(state) {
                expandSent(steps, node, truth, late)
            } else {
                expandWidened(steps, node, truth, late)
            }
        } else {
            try expandResting(node, truth, late)
        }
    }

    /// What may land late does, as the last time or not.
    private func land(_ node: Int, _ truth: Int, _ late: Int, isSent: Bool) {
        guard late != 0 else { return }
        for effect in 0...Truth.mostGenerations where late & (1 << effect) != 0 {
            let landed = vendor.carryOut(effect, on: truth).truth
            reach(node, truth: landed, late: late, isSent: isSent)
            reach(node, truth: landed, late: late & ~(1 << effect), isSent: isSent)
        }
    }

    private func expandResting(_ node: Int, _ truth: Int, _ late: Int) throws {
        let steps = try machine.restingSteps(of: node)
        if let departure = steps.departure { follow(departure, truth, late) }
        for edge in steps.fallingDue { follow(edge, truth, late) }
        for edge in steps.edits { follow(edge, truth, late) }
        // The operator vouches: while the PIN from before us is live, it is the one that is named.
        if truth != Truth.foreign { for edge in steps.operatorEdits { follow(edge, truth, late) } }
        for (effect, edge) in steps.settling { follow(edge, truth, late & ~(1 << effect)) }
        // Time passes for what the daemon does not doubt, too.
        let forgotten = late & ~machine.unsettled[node]
        for effect in 0...Truth.mostGenerations where forgotten & (1 << effect) != 0 {
            reach(node, truth: truth, late: late & ~(1 << effect))
        }
    }

    /// The widening is durable and nothing is sent yet.
    ///
    /// A crash before the commit, and a commit that fails, leave the node that it came from.
    private func expandWidened(_ steps: RecordMachine.Flying, _ node: Int, _ truth: Int, _ late: Int) {
        follow(steps.crash, truth, late)
        for edge in steps.edits { follow(edge, truth, late) }
        if steps.isWanted {
            reach(node, truth: truth, late: late, isSent: true)
        } else {
            follow(steps.noEffect, truth, late)
        }
    }

    /// The request is on its way, and no answer has been made durable: a crash after the answer and before its commit
    /// leaves what a crash before the answer does.
    private func expandSent(_ steps: RecordMachine.Flying, _ node: Int, _ truth: Int, _ late: Int) {
        for edge in steps.edits { follow(edge, truth, late, isSent: true) }
        let (carriedOut, isAccepted) = vendor.carryOut(steps.effect, on: truth)
        guard !steps.isOvertaken else {
            for edge in [steps.accepted, steps.refused, steps.inDoubt, steps.crash, steps.noEffect] + steps.answered {
                follow(edge, truth, late)
            }
            return
        }
        // It is carried out: answered, or the answer is lost, or we are gone when it comes.
        follow(isAccepted ? steps.accepted : steps.refused, carriedOut, late)
        follow(steps.inDoubt, carriedOut, late)
        follow(steps.crash, carriedOut, late)
        // It is carried out and yet answered with a refusal, or by a proxy with any status.
        follow(steps.refused, carriedOut, late)
        for edge in steps.answered { follow(edge, carriedOut, late) }
        // It is not carried out.
        follow(steps.noEffect, truth, late)
        follow(steps.refused, truth, late)
        follow(steps.inDoubt, truth, late)
        follow(steps.crash, truth, late)
        // It may be carried out later.
        let later = late | 1 << steps.effect
        follow(steps.inDoubt, truth, later)
        follow(steps.crash, truth, later)
    }

    private func follow(_ edge: RecordMachine.Edge, _ truth: Int, _ late: Int, isSent: Bool = false) {
        if edge.isOtherNumber { return meetOther(edge, truth, late, isSent: isSent) }
        let (newTruth, newLate) = Self.renumbered(truth, late, by: edge.map)
        guard newTruth >= 0 else {
            // The generation that is live, or may land, is known no more: not even its PIN is kept.
            violations.append(current)
            return
        }
        reach(edge.target, truth: newTruth, late: newLate, isSent: isSent)
    }

    /// Requests reach another number: it may be off, have a PIN of others, or one of ours from when it was this entry's
    /// before. Requests to the one before land there, or here when that comes back.
    private func meetOther(_ edge: RecordMachine.Edge, _ truth: Int, _ late: Int, isSent: Bool) {
        let possible = machine.established[edge.target] | 1 << Truth.off | 1 << Truth.foreign
        for other in 0...Truth.foreign where possible & (1 << other) != 0 {
            reach(edge.target, truth: other, late: 0, isSent: isSent)
            let newLate = Self.renumbered(Truth.off, late, by: edge.map).late
            if newLate != 0 { reach(edge.target, truth: other, late: newLate, isSent: isSent) }
        }
    }

    /// Truth and late effects with the new numbers of the generations; the truth is -1 when one of them is gone.
    static func renumbered(_ truth: Int, _ late: Int, by map: UInt32) -> (truth: Int, late: Int) {
        var newTruth = truth
        if truth != Truth.off, truth != Truth.foreign {
            newTruth = Int(map >> UInt32(4 * truth)) & 15
            if newTruth == 15 { return (-1, 0) }
        }
        guard late > 1 else { return (newTruth, late) }
        var newLate = late & 1
        for effect in 1...Truth.mostGenerations where late & (1 << effect) != 0 {
            let newEffect = Int(map >> UInt32(4 * effect)) & 15
            if newEffect == 15 { return (-1, 0) }
            newLate |= 1 << newEffect
        }
        return (newTruth, newLate)
    }

    private func reach(_ node: Int, truth: Int, late: Int, isSent: Bool = false) {
        let state = Self.state(node, truth: truth, late: late, isSent: isSent)
        if state >= origins.count {
            let missing = (machine.nodes.count << Self.bitsBesideNode) - origins.count
            origins.append(contentsOf: repeatElement(-1, count: missing))
        }
        guard origins[state] == -1 else { return }
        origins[state] = current
        states.append(state)
    }

    // MARK: For people

    /// The shortest way from a start to `state`, one line a step.
    func path(to state: Int) -> String {
        var lines: [String] = []
        var step = state
        while step >= 0, lines.count < 200 {
            lines.append(text(of: step))
            step = origins[step]
        }
        return lines.reversed().joined(separator: "\n")
    }

    func text(of state: Int) -> String {
        let node = machine.nodes[Self.node(of: state)]
        let record = node.record
        let phase = node.flight.map { "\(Self.isSent(state) ? "sent" : "widened for") \($0.effect)" } ?? "resting"
        let desired = record.desired.map { entry in
            "\(entry.verification) \(entry.rotationMethod) \(entry.operatorPINName ?? "")"
        }
        return """
            truth \(Truth.text(Self.truth(of: state))), may land \(Truth.text(of: Self.late(of: state))), \(phase); \
            belief \(record.belief.elements), doubts \(record.belief.doubts.map { "\($0.effect)" }), \
            desired \(desired ?? "nothing"), operator's value \(node.operatorValue), \
            last accepted \(record.lastAccepted.map { "\($0)" } ?? "-"), impasse \(record.impasse.map { "\($0.disablesRefusedWhenOn)\($0.refusesBoth ? " both" : "")\($0.isOppositeSpent ? " spent" : "")\($0.at > Node.impasseOverFrom ? "" : " over")" } ?? "-"), refusals \(record.refusals?.count ?? 0), \
            cycle \(record.cycle != nil), applied \(record.appliedAt != nil), \
            generations \(record.generations.map { "\($0.generation)\($0.liveFrom == nil ? "" : " lived")" })
            """
    }
}
