import Planning

/// One state of a walk: the daemon's knowledge, the truth, and the events that may still happen by themselves.
struct WalkState: Hashable {
    var node: Int
    /// The vendor's true state: see ``Truth``.
    var truth: Int
    /// The late requests' effects that may still happen, one bit each.
    var late: Int
    /// True when the request in flight has been sent.
    var isSent = false
    /// True when the number was turned on or off within the settle delay, so that an observer may see its earlier
    /// state.
    var isLagging = false
    /// True when others have turned the number on or off, and nothing has shown that yet: the belief may be wrong.
    var isUnseen = false

    /// The count of bits besides the node, for numbers that cannot be observed, and for those that can.
    static let bits = (9, 11)

    /// Returns the state as one whole number: the node, then the other parts in `bits`.
    func code(bits: Int) -> Int {
        node << bits | (isUnseen ? 1024 : 0) | (isLagging ? 512 : 0) | (isSent ? 256 : 0) | late << 3 | truth
    }

    init(node: Int, truth: Int, late: Int) {
        (self.node, self.truth, self.late) = (node, truth, late)
    }

    init(code: Int, bits: Int) {
        node = code >> bits
        truth = code & 7
        late = (code >> 3) & 31
        isSent = code & 256 != 0
        isLagging = bits > 9 && code & 512 != 0
        isUnseen = bits > 9 && code & 1024 != 0
    }
}

/// Walks every reachable state of one number at one kind of vendor, breadth first.
///
/// A late request may take effect at any time, once or several times, until it settles, and never afterwards. An
/// observer's answer may show a state that is older than the answer by the settle delay.
final class Explorer {
    let machine: RecordMachine
    let vendor: VendorSemantics
    /// All states, in the order in which they were found.
    private(set) var states: [Int] = []
    /// The maximum count of steps from the start to a state.
    private(set) var depth = 0
    /// States whose true state is not in the belief. Nothing is explored beyond them.
    private(set) var violations: [Int] = []
    /// For each state, the index in ``states`` of the one that it was first reached from; -1 not reached, -2 a start.
    private var origins = SparseTable(unset: -1)
    /// The index in ``states`` of the one that is being expanded; -2 before the first.
    private var current: Int32 = -2
    private let bits: Int

    init(_ machine: RecordMachine, _ vendor: VendorSemantics) {
        self.machine = machine
        self.vendor = vendor
        bits = machine.scenario.isObserved ? WalkState.bits.1 : WalkState.bits.0
    }

    /// Explores until no new state is left, or until an expectation fails.
    ///
    /// - Parameter goesOn: true when violations are expected, and all of them are to be found.
    func run(pastViolations goesOn: Bool = false) throws {
        for node in try machine.start() {
            reach(WalkState(node: node, truth: Truth.off, late: 0))
            reach(WalkState(node: node, truth: Truth.foreign, late: 0))
        }
        var next = 0
        var levelEnd = states.count
        while next < states.count, goesOn || (violations.isEmpty && machine.faults.isEmpty) {
            if next == levelEnd {
                depth += 1
                levelEnd = states.count
            }
            current = Int32(next)
            let code = states[next]
            next += 1
            let state = state(code)
            if isInBelief(state) || state.isUnseen { try expand(state) } else { violations.append(code) }
        }
    }

    // MARK: Parts of a state

    func state(_ code: Int) -> WalkState { WalkState(code: code, bits: bits) }
    func code(_ state: WalkState) -> Int { state.code(bits: bits) }

    func isInBelief(_ state: WalkState) -> Bool { machine.beliefs[state.node] & (1 << state.truth) != 0 }

    // MARK: Steps

    private func expand(_ state: WalkState) throws {
        land(state)
        if machine.isFlying(state.node) {
            let steps = try machine.flyingSteps(of: state.node)
            if state.isSent { expandSent(steps, state) } else { expandWidened(steps, state) }
        } else {
            try expandResting(state)
        }
    }

    /// Carries out each late effect, as its last time and as one of several.
    private func land(_ state: WalkState) {
        guard state.late != 0 else { return }
        for effect in 0...Truth.maxGenerations where state.late & (1 << effect) != 0 {
            var next = changed(state, to: vendor.carryOut(effect, on: state.truth).truth)
            reach(next)
            next.late &= ~(1 << effect)
            reach(next)
        }
    }

    /// Returns the state with another true state: an observer may see the earlier one for a while.
    func changed(_ state: WalkState, to truth: Int) -> WalkState {
        var next = state
        next.truth = truth
        let isVisible = (truth == Truth.off) != (state.truth == Truth.off)
        if machine.scenario.isObserved, isVisible { next.isLagging = true }
        return next
    }

    private func expandResting(_ state: WalkState) throws {
        let steps = try machine.restingSteps(of: state.node)
        if let departure = steps.departure { follow(departure, state) }
        for edge in steps.fallingDue { follow(edge, state) }
        for edge in steps.edits { follow(edge, state) }
        // The operator vouches for the PIN: a live PIN from before us is the named one.
        if state.truth != Truth.foreign { for edge in steps.operatorEdits { follow(edge, state) } }
        for (effect, edge) in steps.settling {
            var next = state
            next.late &= ~(1 << effect)
            follow(edge, next)
        }
        // Time also passes for late effects that the daemon does not doubt.
        let forgotten = state.late & ~machine.unsettled[state.node]
        for effect in 0...Truth.maxGenerations where forgotten & (1 << effect) != 0 {
            var next = state
            next.late &= ~(1 << effect)
            reach(next)
        }
        observe(steps, state)
        expandStrangers(steps.reports, state)
    }

    /// Follows each answer of an observer, and the time that passes until it sees the true state.
    private func observe(_ steps: RecordMachine.Resting, _ state: WalkState) {
        if let edge = steps.timePasses {
            follow(edge, afterDelay(state))
        } else if state.isLagging, state.late == 0 {
            reach(afterDelay(state))
        }
        for (edge, next) in seen(steps, state) { follow(edge, next) }
        if let edge = steps.seenNothing { follow(edge, state) }
    }

    /// Returns the state after the settle delay: late effects have happened or never will, and changes are visible.
    func afterDelay(_ state: WalkState) -> WalkState {
        var next = state
        next.isLagging = false
        next.late = 0
        return next
    }

    /// Returns the observer's possible answers, with the state after each.
    func seen(_ steps: RecordMachine.Resting, _ state: WalkState) -> [(RecordMachine.Edge, WalkState)] {
        guard let on = steps.seenOn, let off = steps.seenOff else { return [] }
        var next = state
        // A recent change is seen later.
        if steps.isEvidence, !state.isLagging { next.isUnseen = false }
        let isOff = state.truth == Truth.off
        return [(isOff ? off : on, next)] + (state.isLagging ? [(isOff ? on : off, next)] : [])
    }

    /// Lets others change the number, and report its state.
    private func expandStrangers(_ reports: RecordMachine.Reports?, _ state: WalkState) {
        guard machine.scenario.hasStrangers else { return }
        var acted = changed(state, to: state.truth == Truth.off ? Truth.foreign : Truth.off)
        acted.isUnseen = true
        reach(acted)
        if state.truth != Truth.off { reach(changed(state, to: Truth.foreign)) }
        guard let reports else { return }
        // A report may be late or wrong; a true one shows the change by others.
        for (edge, isTrue) in [(reports.off, state.truth == Truth.off), (reports.on, state.truth != Truth.off)] {
            var next = state
            if isTrue { next.isUnseen = false }
            follow(edge, next)
        }
        follow(reports.pinChanged, state)
    }

    /// Follows the steps from a durable widening whose request is not sent yet.
    ///
    /// A crash before the commit, and a failed commit, leave the node before the widening.
    private func expandWidened(_ steps: RecordMachine.Flying, _ state: WalkState) {
        follow(steps.crash, state)
        for edge in steps.edits { follow(edge, state) }
        if steps.isWanted {
            var next = state
            next.isSent = true
            reach(next)
        } else {
            follow(steps.noEffect, state)
        }
        expandStrangers(steps.reports, state)
    }

    /// Follows the steps from a request in flight whose answer is not durable. A crash after the answer and before its
    /// commit leaves the same state as a crash before the answer.
    private func expandSent(_ steps: RecordMachine.Flying, _ state: WalkState) {
        for edge in steps.edits { follow(edge, state) }
        expandStrangers(steps.reports, state)
        var here = state
        here.isSent = false
        let (carriedOut, isAccepted) = vendor.carryOut(steps.effect, on: state.truth)
        guard !steps.isSuperseded else {
            for edge in [steps.accepted, steps.refused, steps.inDoubt, steps.crash, steps.noEffect] + steps.answered {
                follow(edge, here)
            }
            return
        }
        // Carried out: the answer arrives, is lost, or comes after a crash.
        let done = changed(here, to: carriedOut)
        follow(isAccepted ? steps.accepted : steps.refused, done)
        follow(steps.inDoubt, done)
        follow(steps.crash, done)
        // Carried out, but answered with a refusal, or by a proxy with any status.
        follow(steps.refused, done)
        for edge in steps.answered { follow(edge, done) }
        // Not carried out.
        follow(steps.noEffect, here)
        follow(steps.refused, here)
        follow(steps.inDoubt, here)
        follow(steps.crash, here)
        // Carried out later.
        here.late |= 1 << steps.effect
        follow(steps.inDoubt, here)
        follow(steps.crash, here)
    }

    private func follow(_ edge: RecordMachine.Edge, _ state: WalkState) {
        if edge.isOtherNumber { return meetOther(edge, state) }
        guard let next = renumbered(state, by: edge) else {
            // The generation that is live, or may take effect late, is no longer known: not even its PIN is kept.
            violations.append(states[Int(current)])
            return
        }
        reach(next)
    }

    /// Follows an edge after which requests reach another number. It may be off, have a PIN of others, or one of ours
    /// from an earlier time under this entry. Late requests to the previous number take effect there, or here when that
    /// number returns.
    private func meetOther(_ edge: RecordMachine.Edge, _ state: WalkState) {
        let possible = machine.established[edge.target] | 1 << Truth.off | 1 << Truth.foreign
        for other in 0...Truth.foreign where possible & (1 << other) != 0 {
            var next = state
            (next.node, next.truth, next.late) = (edge.target, other, 0)
            reach(next)
            let newLate = Self.renumbered(Truth.off, state.late, by: edge.map).late
            guard newLate != 0 else { continue }
            next.late = newLate
            reach(next)
        }
    }

    /// Returns the state at an edge's target with the new numbers of the generations; nil when one that matters is
    /// missing.
    func renumbered(_ state: WalkState, by edge: RecordMachine.Edge) -> WalkState? {
        var next = state
        next.node = edge.target
        (next.truth, next.late) = Self.renumbered(state.truth, state.late, by: edge.map)
        if next.truth < 0 {
            // A PIN of ours outside the belief is equivalent to a stranger's PIN.
            guard machine.scenario.hasStrangers, next.late >= 0 else { return nil }
            next.truth = Truth.foreign
        }
        return next.late < 0 ? nil : next
    }

    /// Returns truth and late effects with the new numbers of the generations; -1 when one of them is missing.
    private static func renumbered(_ truth: Int, _ late: Int, by map: UInt32) -> (truth: Int, late: Int) {
        var newTruth = truth
        if truth != Truth.off, truth != Truth.foreign {
            newTruth = Int(map >> UInt32(4 * truth)) & 15
            if newTruth == 15 { newTruth = -1 }
        }
        guard late > 1 else { return (newTruth, late) }
        var newLate = late & 1
        for effect in 1...Truth.maxGenerations where late & (1 << effect) != 0 {
            let newEffect = Int(map >> UInt32(4 * effect)) & 15
            if newEffect == 15 { return (newTruth, -1) }
            newLate |= 1 << newEffect
        }
        return (newTruth, newLate)
    }

    private func reach(_ next: WalkState) {
        let state = code(next)
        guard origins[state] == -1 else { return }
        origins[state] = current
        states.append(state)
    }

    // MARK: Text

    /// Returns the shortest path from a start to `state`, one line for each step.
    func path(to state: Int) -> String {
        var lines: [String] = []
        var step: Int? = state
        while let code = step, lines.count < 200 {
            lines.append(text(of: code))
            let origin = Int(origins[code])
            step = origin >= 0 ? states[origin] : nil
        }
        return lines.reversed().joined(separator: "\n")
    }

    func text(of code: Int) -> String {
        let state = state(code)
        let node = machine.nodes[state.node]
        let record = node.record
        let phase = node.flight.map { "\(state.isSent ? "sent" : "widened for") \($0.effect)" } ?? "resting"
        let desired = record.desired.map { entry in
            "\(entry.verification) \(entry.rotationMethod) \(entry.operatorPINName ?? "")"
        }
        return """
            truth \(Truth.text(state.truth))\(state.isLagging ? " lagging" : "")\(state.isUnseen ? " unseen" : ""), may land \(Truth.text(of: state.late)), \(phase); \
            belief \(record.belief.elements), doubts \(record.belief.doubts.map { "\($0.effect)" }), \
            desired \(desired ?? "nothing"), operator's value \(node.operatorValue), \
            last accepted \(record.lastAccepted.map { "\($0)" } ?? "-"), impasse \(record.impasse.map { "\($0.disablesRefusedWhenOn)\($0.refusesBoth ? " both" : "")\($0.isOppositeSpent ? " spent" : "")\($0.at > Node.impasseOverFrom ? "" : " over")" } ?? "-"), refusals \(record.refusals?.count ?? 0), \
            observed \(record.observations.askedAt != nil), changed lately \(record.answeredAt != nil), \
            cycle \(record.cycle != nil), applied \(record.appliedAt != nil), \
            generations \(record.generations.map { "\($0.generation)\($0.liveFrom == nil ? "" : " lived")" })
            """
    }
}
