/// The condition of a number, in one word. The raw values are those of the JSON output.
public enum NumberCondition: String, Hashable, Sendable, CaseIterable {
    /// The belief is exactly the desired state, and nothing is overdue.
    case converged
    /// A request is about to be sent, or on its way.
    case pending
    /// It should be enabled, and as far as is known it is disabled.
    case exposed
    /// The desired state was accepted, and a request without an answer may still take effect.
    case uncertain
    /// Waiting after a failure.
    case backingOff = "backing_off"
    /// A limit or a guard holds it, or an operator has to fix something; the reason says which.
    case held
    /// An operator paused it.
    case paused
    /// It is not in the desired state, and is left alone.
    case unmanaged

    /// Creates the condition of `record` after the planner's `decision`; `isPaused` is true when all numbers are
    /// paused.
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

/// The next action on a number, as named in the JSON output: the request to be sent, except that rotations and
/// re-applies keep their own names whichever request they begin with.
public enum NextAction: String, Hashable, Sendable, CaseIterable {
    case enable
    case disable
    case rotate
    case reapply
    case observe

    /// Creates the name of a request with this reason. The reason never turns an enable into a disable.
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

/// The next expected action on a number, and its time.
public struct NextStep: Hashable, Sendable {
    public let action: NextAction?
    public let at: Instant?
    public let reason: DecisionReason

    /// Looks ahead from `decision`: an idle or held number is replanned at the instant that it waits for.
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
