import Planning

/// How many requests a healthy vendor needs, from each state that an exploration found, until the number is at rest as
/// desired: the worst case over when time passes, and over what may still land late and when it does.
///
/// Healthy: each request is carried out and answered, the file stays as it is, nothing more falls due, and time passes.
/// A late request lands once here; one that landed again and again would cost a request each time, without end.
/// Only for an exploration without violations, because nothing is explored beyond them.
struct Healing {
    /// More than this is not bounded for all we know.
    static let limit = 40

    /// The worst case over all states.
    private(set) var worst = 0
    /// The worst case over the states in which nothing is doubted any more.
    private(set) var worstWhenSettled = 0
    /// A state from which the worst case starts, and one of those in which nothing is doubted.
    private(set) var worstState: Int?
    private(set) var worstSettledState: Int?
    /// States that rest and are not as desired, or rest believing what is not so.
    private(set) var stuck: [Int] = []

    private let explorer: Explorer
    private var requests: [Int]

    init(of explorer: Explorer) throws {
        self.explorer = explorer
        requests = Array(repeating: 0, count: explorer.origins.count)
        var changes = true
        var isFirst = true
        while changes, worst < Self.limit {
            changes = false
            for state in explorer.states.reversed() where explorer.isInBelief(state) {
                let now = try requestsNeeded(from: state, isFirst: isFirst)
                guard now > requests[state] else { continue }
                requests[state] = now
                changes = true
                if now > worst {
                    worst = now
                    worstState = state
                }
            }
            isFirst = false
        }
        for state in explorer.states where Explorer.late(of: state) == 0 {
            let node = Explorer.node(of: state)
            guard !explorer.machine.isFlying(node), explorer.machine.unsettled[node] == 0 else { continue }
            guard requests[state] > worstWhenSettled else { continue }
            worstWhenSettled = requests[state]
            worstSettledState = state
        }
    }

    /// One more look ahead from `state`.
    private mutating func requestsNeeded(from state: Int, isFirst: Bool) throws -> Int {
        let node = Explorer.node(of: state)
        let (truth, late) = (Explorer.truth(of: state), Explorer.late(of: state))
        let machine = explorer.machine
        guard machine.isManaged[node] else { return 0 }
        var needed = 0
        if machine.isFlying(node) {
            let steps = try machine.flyingSteps(of: node)
            var (carriedOut, isAccepted) = explorer.vendor.carryOut(steps.effect, on: truth)
            if steps.isOvertaken { carriedOut = truth }
            let rest = after(isAccepted ? steps.accepted : steps.refused, carriedOut, late)
            needed = rest + (Explorer.isSent(state) ? 0 : 1)
        } else {
            let steps = try machine.restingSteps(of: node)
            switch steps.standing {
            case .unmanaged: return 0
            case .converged:
                if isFirst, !isAsDesired(node, truth) { stuck.append(state) }
                return 0
            case .sends:
                // Nothing that is sent can change it: as it may be off, it is tried again at its pace, and found out.
                let isExhausted =
                    refusesEverything(on: truth) && machine.nodes[node].record.impasse?.refusesBoth == true
                if isExhausted { return 0 }
                if let departure = steps.departure { needed = after(departure, truth, late) }
            case .held:
                // The operator's value can be read again.
                if let edit = steps.operatorEdits.first {
                    needed = after(edit, truth, late)
                } else if isFirst {
                    stuck.append(state)
                }
            case .impasse:
                if restsRightly(node, truth) {
                    if isFirst, !explorer.isInBelief(state) { stuck.append(state) }
                } else if !steps.settling.isEmpty {
                    break
                } else if let edge = steps.impasseOver {
                    needed = after(edge, truth, late)
                } else if isFirst {
                    stuck.append(state)
                }
            case .awaitsSettlement:
                if isFirst, steps.settling.isEmpty { stuck.append(state) }
            }
            for (effect, edge) in steps.settling { needed = max(needed, after(edge, truth, late & ~(1 << effect))) }
        }
        for effect in 0...Truth.mostGenerations where late & (1 << effect) != 0 {
            let landed = explorer.vendor.carryOut(effect, on: truth).truth
            let left = late & ~(1 << effect)
            let next = Explorer.state(node, truth: landed, late: left, isSent: Explorer.isSent(state))
            needed = max(needed, requests[next])
        }
        return needed
    }

    private func after(_ edge: RecordMachine.Edge, _ truth: Int, _ late: Int) -> Int {
        let (newTruth, newLate) = Explorer.renumbered(truth, late, by: edge.map)
        guard newTruth >= 0 else { return Self.limit }
        return requests[Explorer.state(edge.target, truth: newTruth, late: newLate)]
    }

    /// Whether nothing that this vendor accepts would bring the number nearer to what is desired: it does not disable at all,
    /// or the number is off as it should be, and only certainty is missing.
    private func restsRightly(_ node: Int, _ truth: Int) -> Bool {
        let verification = explorer.machine.nodes[node].record.desired?.verification
        if verification == .disabled, truth == Truth.off { return true }
        return explorer.vendor.disable == .never && (verification == .disabled || truth != Truth.off)
    }

    private func refusesEverything(on truth: Int) -> Bool {
        let vendor = explorer.vendor
        return !vendor.carryOut(Truth.off, on: truth).isAccepted && !vendor.carryOut(1, on: truth).isAccepted
    }

    private func isAsDesired(_ node: Int, _ truth: Int) -> Bool {
        explorer.machine.nodes[node].record.isAsDesired && explorer.machine.beliefs[node] & (1 << truth) != 0
    }

    /// The way on from the worst state, one line a step.
    func path(from start: Int?) throws -> String {
        var lines: [String] = []
        var state = start
        while let here = state, lines.count < 20 {
            lines.append("needs \(requests[here]): " + explorer.text(of: here))
            state = try worstNext(of: here)
        }
        return lines.joined(separator: "\n")
    }

    private func worstNext(of state: Int) throws -> Int? {
        let node = Explorer.node(of: state)
        let (truth, late) = (Explorer.truth(of: state), Explorer.late(of: state))
        guard requests[state] > 0 else { return nil }
        guard explorer.machine.isFlying(node) else {
            let steps = try explorer.machine.restingSteps(of: node)
            guard let departure = steps.departure ?? steps.impasseOver else { return nil }
            let (newTruth, newLate) = Explorer.renumbered(truth, late, by: departure.map)
            return Explorer.state(departure.target, truth: newTruth, late: newLate)
        }
        let steps = try explorer.machine.flyingSteps(of: node)
        let (carriedOut, isAccepted) = explorer.vendor.carryOut(steps.effect, on: truth)
        let edge = isAccepted ? steps.accepted : steps.refused
        let (newTruth, newLate) = Explorer.renumbered(carriedOut, late, by: edge.map)
        return Explorer.state(edge.target, truth: newTruth, late: newLate)
    }
}
