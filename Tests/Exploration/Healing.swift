import Planning

/// The count of requests that a healthy vendor needs, from each state that an exploration found, until the number is at
/// rest as desired: the worst case over the times at which time passes, and over the late effects and their times.
///
/// Healthy means: each request is carried out and answered, the file stays the same, nothing else falls due, and time
/// passes. A late request takes effect once here; one that did so again and again would cost a request each time,
/// without end. Only for an exploration without violations, because nothing is explored beyond them.
struct Healing {
    /// The maximum count; beyond it the need counts as unbounded.
    static let limit = 40

    /// The worst case over all states.
    private(set) var worst = 0
    /// The worst case over the states without doubts.
    private(set) var worstWhenSettled = 0
    /// A state from which the worst case starts, and one of those without doubts.
    private(set) var worstState: Int?
    private(set) var worstSettledState: Int?
    /// States that rest and are not as desired, or rest with a wrong belief.
    private(set) var stuck: [Int] = []

    private let explorer: Explorer
    private var requests = SparseTable(unset: 0)

    init(of explorer: Explorer) throws {
        self.explorer = explorer
        var changes = true
        var isFirst = true
        while changes, worst < Self.limit {
            changes = false
            for state in explorer.states.reversed() {
                let now = try requestsNeeded(from: state, isFirst: isFirst)
                guard now > Int(requests[state]) else { continue }
                requests[state] = Int32(now)
                changes = true
                if now > worst {
                    worst = now
                    worstState = state
                }
            }
            isFirst = false
        }
        for state in explorer.states {
            let here = explorer.state(state)
            guard here.late == 0, !explorer.machine.isFlying(here.node), explorer.machine.unsettled[here.node] == 0
            else {
                continue
            }
            guard Int(requests[state]) > worstWhenSettled else { continue }
            worstWhenSettled = Int(requests[state])
            worstSettledState = state
        }
    }

    /// Returns the requests needed from `code`, one more step ahead.
    private mutating func requestsNeeded(from code: Int, isFirst: Bool) throws -> Int {
        let state = explorer.state(code)
        // Changes by others have to be seen first.
        guard explorer.isInBelief(state), !state.isUnseen else { return 0 }
        let machine = explorer.machine
        guard machine.isManaged[state.node] else { return 0 }
        var needed = 0
        if machine.isFlying(state.node) {
            let steps = try machine.flyingSteps(of: state.node)
            let rest = after(try answered(steps, state))
            needed = rest + (state.isSent ? 0 : 1)
        } else {
            let steps = try machine.restingSteps(of: state.node)
            switch steps.standing {
            case .unmanaged: return 0
            case .converged:
                if isFirst, !isAsDesired(state) { stuck.append(code) }
                return 0
            case .observes:
                for (edge, next) in explorer.seen(steps, state) { needed = max(needed, after((edge, next))) }
            case .sends:
                // No request can change this state. As the number may be off, requests are retried at their own pace
                // until one shows the state.
                let isExhausted =
                    refusesEverything(on: state.truth)
                    && machine.nodes[state.node].record.impasse?.refusesBoth == true
                if isExhausted { return 0 }
                if let departure = steps.departure { needed = after((departure, state)) }
            case .held:
                // The operator's value can be read again.
                if let edit = steps.operatorEdits.first {
                    needed = after((edit, state))
                } else if isFirst {
                    stuck.append(code)
                }
            case .impasse:
                if restsRightly(state) {
                    break
                } else if !steps.settling.isEmpty {
                    break
                } else if let edge = steps.impasseOver {
                    needed = after((edge, state))
                } else if isFirst {
                    stuck.append(code)
                }
            case .awaitsSettlement:
                if let edge = steps.timePasses { needed = after((edge, explorer.afterDelay(state))) }
                if isFirst, steps.settling.isEmpty, steps.timePasses == nil { stuck.append(code) }
            }
            for (effect, edge) in steps.settling {
                var next = state
                next.late &= ~(1 << effect)
                needed = max(needed, after((edge, next)))
            }
        }
        for effect in 0...Truth.maxGenerations where state.late & (1 << effect) != 0 {
            var next = explorer.changed(state, to: explorer.vendor.carryOut(effect, on: state.truth).truth)
            next.late &= ~(1 << effect)
            needed = max(needed, Int(requests[explorer.code(next)]))
        }
        return needed
    }

    /// Returns the step of the healthy vendor's answer to the request in flight.
    private func answered(
        _ steps: RecordMachine.Flying, _ state: WalkState
    ) throws -> (RecordMachine.Edge, WalkState) {
        let (carriedOut, isAccepted) = explorer.vendor.carryOut(steps.effect, on: state.truth)
        var next = steps.isSuperseded ? state : explorer.changed(state, to: carriedOut)
        next.isSent = false
        return (isAccepted ? steps.accepted : steps.refused, next)
    }

    private func after(_ step: (RecordMachine.Edge, WalkState)) -> Int {
        guard let next = explorer.renumbered(step.1, by: step.0) else { return Self.limit }
        return Int(requests[explorer.code(next)])
    }

    /// Returns whether no request that this vendor accepts would bring the number nearer to the desired state: the
    /// vendor does not disable at all, or the number is off as it should be, and only certainty is missing.
    private func restsRightly(_ state: WalkState) -> Bool {
        let verification = explorer.machine.nodes[state.node].record.desired?.verification
        if verification == .disabled, state.truth == Truth.off { return true }
        return explorer.vendor.disable == .never && (verification == .disabled || state.truth != Truth.off)
    }

    private func refusesEverything(on truth: Int) -> Bool {
        let vendor = explorer.vendor
        return !vendor.carryOut(Truth.off, on: truth).isAccepted && !vendor.carryOut(1, on: truth).isAccepted
    }

    private func isAsDesired(_ state: WalkState) -> Bool {
        explorer.machine.nodes[state.node].record.isAsDesired && explorer.isInBelief(state)
    }

    /// Returns the path onwards from the worst state, one line for each step.
    func path(from start: Int?) throws -> String {
        var lines: [String] = []
        var state = start
        while let here = state, lines.count < 20 {
            lines.append("needs \(requests[here]): " + explorer.text(of: here))
            state = try worstNext(of: here)
        }
        return lines.joined(separator: "\n")
    }

    private func worstNext(of code: Int) throws -> Int? {
        let state = explorer.state(code)
        guard requests[code] > 0 else { return nil }
        let step: (RecordMachine.Edge, WalkState)
        if explorer.machine.isFlying(state.node) {
            step = try answered(try explorer.machine.flyingSteps(of: state.node), state)
        } else {
            let steps = try explorer.machine.restingSteps(of: state.node)
            let seen = steps.standing == .observes ? explorer.seen(steps, state).max { after($0) < after($1) } : nil
            guard let next = seen ?? (steps.departure ?? steps.impasseOver).map({ ($0, state) }) else { return nil }
            step = next
        }
        return explorer.renumbered(step.1, by: step.0).map(explorer.code)
    }
}
