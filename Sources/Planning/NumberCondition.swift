/// How a number stands, in one word. The raw values are those of the JSON shapes.
public enum NumberCondition: String, Hashable, Sendable, CaseIterable {
    /// The belief is exactly the desired state and nothing is overdue.
    case converged
    /// A request is to be sent, or on its way.
    case pending
    /// It should be enabled and is disabled, as far as anybody can tell.
    case exposed
    /// The desired state was accepted, and an unanswered request may still land.
    case uncertain
    /// Waiting after a failure.
    case backingOff = "backing_off"
    /// Waiting for a limit or for something that an operator has to mend.
    case held
    /// Paused by an operator.
    case paused
    /// Not in the desired state.
    case unmanaged

    /// The condition of `record` when the planner decided `decision` about it; `isPaused` says whether all numbers are.
    public init(of record: NumberRecord, decision: Decision, isPaused: Bool = false) {
        guard record.desired != nil else {
            self = .unmanaged
            return
        }
        if record.isExposed {
            self = .exposed
            return
        }
        if isPaused || record.pause != nil {
            self = .paused
            return
        }
        switch decision.withoutRoutine {
        case .idle(_, .awaitingSettlement): self = .uncertain
        case .idle: self = .converged
        case .send: self = .pending
        case .hold(_, .backingOff): self = .backingOff
        case .hold: self = .held
        case .observe: self = .pending
        }
    }
}

/// What is done next about a number, as the JSON shapes name it: the request that goes out, but for a rotation and a
/// re-apply, which are named as such whatever they begin with.
public enum NextAction: String, Hashable, Sendable, CaseIterable {
    case enable
    case disable
    case rotate
    case reapply
    case observe

    /// The name of a request with this reason. The reason says why; it never changes an enable into a disable.
    public init(_ request: PlannedRequest, because reason: DecisionReason) {
        switch reason {
        case .reapplyDue: self = .reapply
        case .rotationDue, .rotateBefore, .rotationOrdered, .operatorPINChanged: self = .rotate
        case .adopting, .adoptingOperatorPIN, .enabling, .ambiguousPIN, .foreignPIN, .disabling, .oppositeAfterRefusal,
            .unmanaged, .converged, .awaitingSettlement, .backingOff, .authenticationRefused,
            .balanceRefused, .writeBudget, .exposureBudget, .endpointLimit, .endpointDown, .paused,
            .operatorPINUnavailable, .clockBehind, .zoneUnknown, .stopping, .disableRefused, .drift, .observing,
            .unreadableRecord:
            self = request.action == .enable ? .enable : .disable
        }
    }
}

/// What is known to come next for a number: the action and when.
public struct Outlook: Hashable, Sendable {
    public let action: NextAction?
    public let at: Instant?
    public let reason: DecisionReason

    /// Looks ahead from `decision`: an idle or held number is planned again at the instant it waits for.
    public init(
        of record: NumberRecord, decision: Decision, operatorPIN: PIN? = nil, fleetPause: Pause? = nil,
        policy: Policy, now: Instant
    ) {
        switch decision.withoutRoutine {
        case .send(let request, let because):
            action = NextAction(request, because: because)
            at = now
            reason = because
        case .observe(let because, _):
            action = .observe
            at = now
            reason = because
        case .idle(let until, let because), .hold(let until, let because):
            reason = because
            var (next, instant): (NextAction?, Instant?) = (nil, until)
            for _ in 0..<2 {
                guard let then = instant.map({ max($0, now) }) else { break }
                let decision = Planner.decide(
                    record, operatorPIN: operatorPIN, fleetPause: fleetPause, policy: policy, now: then)
                if case .send(let request, let because) = decision { next = NextAction(request, because: because) }
                guard case .observe(let because, let otherwise) = decision else { break }
                if because == .observing { next = .observe }
                guard because != .observing, let later = otherwise.until, later > then else { break }
                instant = later
            }
            (action, at) = (next, instant)
        }
    }
}
