public import Planning

/// The condition of one number and its next action: the basis of `status`, `apply` and the daemon's summary line.
public struct NumberStatus: Sendable {
    public let record: NumberRecord
    public let condition: NumberCondition
    public let decision: Decision
    /// The planner's rule that the decision follows from, before the fleet's guards.
    public let rule: PlannerRule
    public let nextStep: NextStep
    /// The instant at which the live PIN is due to change; nil for never, and when no PIN of ours is certainly live.
    public let rotationAt: Instant?
    /// True when the live PIN was due to change before now, whatever has held that since: a pause, a guard, a refusal,
    /// or a missed window.
    public let isRotationOverdue: Bool

    /// Judges `record` at `now`, as `guards` permit.
    public init(
        _ record: NumberRecord, operatorPIN: PIN?, policy: Policy, now: Instant, guards: GuardsInForce = GuardsInForce()
    ) {
        self.record = record
        let ruling = Planner.rule(
            record, operatorPIN: operatorPIN, fleetPause: guards.fleetPause, policy: policy, now: now)
        rule = ruling.rule
        decision = guards.permit(ruling.decision, for: record, at: now)
        isGuarded = decision != ruling.decision
        condition = NumberCondition(of: record, decision: decision, isPaused: guards.fleetPause != nil)
        let rotation: RotationSchedule.Due? = record.desired.flatMap { desired in
            guard desired.verification == .enabled, case .on(let generation) = record.belief.certainEffect else {
                return nil
            }
            return RotationSchedule.due(
                record, desired: desired, generation: generation, operatorPIN: operatorPIN, policy: policy, now: now)
        }
        rotationAt = rotation?.at
        isRotationOverdue = rotation.map { $0.since < now } ?? false
        nextStep = NextStep(
            of: record, decision: decision, operatorPIN: operatorPIN, fleetPause: guards.fleetPause, policy: policy,
            now: now)
    }

    /// True when a guard of the fleet changed the decision.
    private let isGuarded: Bool

    /// The reason for the number's condition.
    public var reason: DecisionReason { nextStep.reason }

    /// The reason in one sentence, without a full stop: that of the planner's rule, or of the guard or limit that holds
    /// the number back.
    public var sentence: String {
        guard !isGuarded, !PlannerRule.limits.contains(rule), reason != .zoneUnknown else { return reason.sentence }
        // The reason explains why a PIN is to change, the rule how it is changed.
        let isRotation = rule == .rotateByReset || rule == .rotateByReplacement
        if isRotation { return "\(reason.sentence): \(rule.sentence)" }
        // Drift explains why the number differs from its desired state.
        guard let drift = record.openDrift else { return rule.sentence }
        return "\(drift.kind.sentence); \(rule.sentence)"
    }

    /// The urgency of this number, most urgent first: exposed, failing, unsettled, at rest.
    public var rank: Int {
        switch condition {
        case .exposed: 0
        case .backingOff: 1
        case .held: 2
        case .uncertain: 3
        case .pending: 4
        case .paused: 5
        case .converged: 6
        case .unmanaged: 7
        }
    }

    /// The number's form in JSON.
    public var document: StatusDocument.Number {
        StatusDocument.Number(
            number: record.number.description,
            label: Nullable(record.desired?.label),
            desired: Nullable(record.desired?.verification.rawValue),
            belief: record.belief.elements,
            certain: record.belief.isCertain,
            condition: condition.rawValue,
            reason: reason.rawValue,
            pinGeneration: Nullable(record.likeliestGeneration),
            appliedAt: Nullable(record.appliedAt?.description),
            rotatedAt: Nullable(record.rotatedAt?.description),
            nextAction: Nullable(nextStep.action?.rawValue),
            nextActionAt: Nullable(nextStep.at?.description),
            attempts: record.attempts,
            lastError: Nullable(record.lastError),
            vendor: Nullable(record.desired?.vendor.rawValue),
            observed: Nullable(record.observations.newest.map { $0.kind.isOn ? "on" : "off" }),
            observedAt: Nullable(record.observations.newest?.at.description),
            reapplyRefusals: record.reapplyRefusals?.count ?? 0
        )
    }
}
