/// The rules of the planner, by name. Each has one sentence, which `plan`, `status` and docs/reference.md print.
///
/// They are applied in rounds, each in order, and the first rule of a round that applies decides: the need of the
/// number (``needs``), the consequence of refusals for the needed request (``refusals``), the limits on sending it now
/// (``limits``), and an observation before it (``observations``).
public enum PlannerRule: String, Hashable, Sendable, CaseIterable {
    // Needs.
    case unmanaged
    case disabledUnsupported = "disabled_unsupported"
    case reapplyDisabled = "reapply_disabled"
    case disabled
    case settleDisabled = "settle_disabled"
    case disable
    case setOperatorPIN = "set_operator_pin"
    case settleUnreadablePIN = "settle_unreadable_pin"
    case rotateByReset = "rotate_by_reset"
    case rotateByReplacement = "rotate_by_replacement"
    case reapplyEnabled = "reapply_enabled"
    case enabled
    case settleEnabled = "settle_enabled"
    case takeOverByReset = "take_over_by_reset"
    case takeOverByReplacement = "take_over_by_replacement"
    case resetAmbiguous = "reset_ambiguous"
    case replaceAmbiguous = "replace_ambiguous"
    case enableAgain = "enable_again"
    case enableNew = "enable_new"

    // Observations before a request.
    case observeFirst = "observe_first"
    case awaitEvidence = "await_evidence"

    // Consequences of refusals.
    case restEnabled = "rest_enabled"
    case enableBeforeResting = "enable_before_resting"
    case restRefused = "rest_refused"
    case opposite

    // Limits on sending now.
    case operatorPINUnavailable = "operator_pin_unavailable"
    case backOff = "back_off"
    case writeBudget = "write_budget"
    case paused

    /// The rules about the need of the number, in the order in which they are applied.
    public static let needs: [PlannerRule] = [
        .unmanaged, .disabledUnsupported, .reapplyDisabled, .disabled, .settleDisabled, .disable, .setOperatorPIN,
        .settleUnreadablePIN, .rotateByReset, .rotateByReplacement, .reapplyEnabled, .enabled, .settleEnabled,
        .takeOverByReset, .takeOverByReplacement, .resetAmbiguous, .replaceAmbiguous, .enableAgain, .enableNew,
    ]

    /// The rules about an observation before a request that makes the state of an observable number certain.
    public static let observations: [PlannerRule] = [.observeFirst, .awaitEvidence]

    /// The rules about the consequence of refusals for the needed request, in order.
    public static let refusals: [PlannerRule] = [.restEnabled, .enableBeforeResting, .restRefused, .opposite]

    /// The rules that keep a request from being sent now, in order.
    public static let limits: [PlannerRule] = [.operatorPINUnavailable, .backOff, .writeBudget, .paused]

    /// The rule in one sentence, without a full stop.
    public var sentence: String {
        switch self {
        case .unmanaged: DecisionReason.unmanaged.sentence
        case .disabledUnsupported: "it should be disabled, and this vendor has no request that disables"
        case .reapplyDisabled: "disabled as desired: sent again, as reapply_every says"
        case .disabled, .enabled: "as desired"
        case .settleDisabled: "disabled as desired; waiting, because an unanswered request may still be carried out"
        case .disable: "it should be disabled and may be enabled"
        case .setOperatorPIN: "first contact: enabled with the operator's PIN"
        case .settleUnreadablePIN: "its PIN cannot be read; an unanswered request has to settle first"
        case .rotateByReset: "disabled first, then enabled with a new PIN"
        case .rotateByReplacement: "a new PIN replaces the old one"
        case .reapplyEnabled: "enabled as desired: sent again with the same PIN, as reapply_every says"
        case .settleEnabled: "enabled as desired; waiting, because an unanswered request may still be carried out"
        case .takeOverByReset: "first contact: disabled first, then enabled with our PIN"
        case .takeOverByReplacement: "first contact: enabled with our PIN"
        case .resetAmbiguous: "a PIN other than the newest may be live: disabled first, then enabled with one PIN"
        case .replaceAmbiguous: "a PIN other than the newest may be live: the newest replaces it"
        case .enableAgain: "it should be enabled and may be disabled: enabled with the PIN that it has"
        case .enableNew: "it should be enabled and is disabled: enabled with a new PIN"
        case .observeFirst: "it may be enabled or disabled: the observer is asked first"
        case .awaitEvidence:
            "enabled according to its last answer: before it is disabled, the observer is asked, once its "
                + "answer counts as evidence"
        case .restEnabled:
            "the vendor refuses to disable it (disable_refused): it stays enabled; see \"Find out what your vendor "
                + "does\" in operations.md"
        case .enableBeforeResting: "the vendor refuses to disable it: enabled again, to be certainly on"
        case .restRefused: "the vendor refuses both the request that it needs and the opposite (disable_refused)"
        case .opposite: "refused twice in a row: the opposite is sent once, to be certain"
        case .operatorPINUnavailable: DecisionReason.operatorPINUnavailable.sentence
        case .backOff: DecisionReason.backingOff.sentence
        case .writeBudget: DecisionReason.writeBudget.sentence
        case .paused: DecisionReason.paused.sentence
        }
    }
}

/// The planner's decision, and the rule that made it.
public struct Ruling: Hashable, Sendable {
    public let decision: Decision
    public let rule: PlannerRule

    public init(_ decision: Decision, by rule: PlannerRule) {
        self.decision = decision
        self.rule = rule
    }
}
