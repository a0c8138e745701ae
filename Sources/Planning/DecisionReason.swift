/// The reason for a decision. A closed list; the raw values are those of the JSON output.
public enum DecisionReason: String, Hashable, Sendable, CaseIterable {
    // Nothing to do.
    /// The number is not in the desired state.
    case unmanaged
    /// It is as desired, and nothing is due.
    case converged
    /// It is as desired; the daemon waits, because a request without an answer may still take effect.
    case awaitingSettlement = "awaiting_settlement"

    // Something to send.
    /// First contact: nothing is known about the number yet, so it is taken over.
    case adopting
    /// First contact, and the entry names the PIN that is set: sent as it is.
    case adoptingOperatorPIN = "adopting_operator_pin"
    /// It should be enabled and may be disabled.
    case enabling
    /// It should be disabled and may be enabled.
    case disabling
    /// More than one PIN of ours may be live: the number is made certain, as `rotation_method` says.
    case ambiguousPIN = "ambiguous_pin"
    /// A PIN that we do not hold may be live, on a number that we knew: the number is made certain, as
    /// `rotation_method` says.
    case foreignPIN = "foreign_pin"
    /// `reapply_every` has passed: the same state is sent again.
    case reapplyDue = "reapply_due"
    /// `rotate_every` has passed.
    case rotationDue = "rotation_due"
    /// The PIN is older than `rotate_before`.
    case rotateBefore = "rotate_before"
    /// An operator ordered a new PIN, or the PIN was revealed.
    case rotationOrdered = "rotation_ordered"
    /// The PIN that the entry names has another value than the live one.
    case operatorPINChanged = "operator_pin_changed"
    /// The request that is needed was refused twice: the opposite is sent first, to be certain of the state.
    case oppositeAfterRefusal = "opposite_after_refusal"

    /// Another person or program has changed the number; see "Observations and drift" in operations.md.
    case drift

    // Something to send, but not yet.
    /// The observer is asked first whether the number is enabled.
    case observing
    /// Waiting after a failure.
    case backingOff = "backing_off"
    /// The vendor refuses the number's token.
    case authenticationRefused = "authentication_refused"
    /// The vendor says that the balance is insufficient.
    case balanceRefused = "balance_refused"
    /// The number's requests for this hour are used up.
    case writeBudget = "write_budget"
    /// The limit of numbers exposed at once is reached.
    case exposureBudget = "exposure_budget"
    /// The endpoint's requests for this minute are used up, or it asked to wait.
    case endpointLimit = "endpoint_limit"
    /// The endpoint is down or refuses every number, and is probed.
    case endpointDown = "endpoint_down"
    /// An operator paused the number, or all.
    case paused
    /// The PIN that the entry names cannot be read.
    case operatorPINUnavailable = "operator_pin_unavailable"
    /// The clock is behind what was recorded: nothing starts that exposes a number.
    case clockBehind = "clock_behind"
    /// The PIN has reached `rotate_every`, and this machine does not know the time zone of its `rotation_window`: the
    /// rotation waits; see "Rotations" in operations.md.
    case zoneUnknown = "zone_unknown"
    /// The daemon is stopping: nothing starts that exposes a number.
    case stopping
    /// The vendor refuses to disable the number, or refuses both the request that it needs and the opposite: the number
    /// stays as it is, and the request is tried again after `backoff_max`; see "Find out what your vendor does" in
    /// operations.md.
    case disableRefused = "disable_refused"
    /// The number's record cannot be read, or the store refuses to write it: the number is left alone for an hour, or
    /// until an order or an edit concerns it; the event `record_unreadable` says why.
    case unreadableRecord = "unreadable_record"

    /// One sentence for operators, without a full stop.
    public var sentence: String {
        switch self {
        case .unmanaged: "not in the desired state: left alone"
        case .converged: "as desired"
        case .awaitingSettlement: "as desired; waiting, because an unanswered request may still take effect"
        case .adopting: "first contact: nothing is known about it yet"
        case .adoptingOperatorPIN: "first contact: the operator's PIN is set"
        case .enabling: "should be enabled and may be disabled"
        case .disabling: "should be disabled and may be enabled"
        case .ambiguousPIN: "more than one PIN may be live"
        case .foreignPIN: "a PIN that we do not hold may be live"
        case .reapplyDue: "due to be sent again"
        case .rotationDue: "the PIN has reached its rotation period"
        case .rotateBefore: "the PIN is older than rotate_before"
        case .rotationOrdered: "an operator ordered a new PIN, or has seen this one"
        case .operatorPINChanged: "the operator's PIN has a new value"
        case .oppositeAfterRefusal: "refused twice: the opposite is sent first, to be certain"
        case .drift: "another person or program has changed it"
        case .observing: "the observer is asked first whether it is enabled"
        case .backingOff: "waiting after a failure"
        case .authenticationRefused: "the vendor refuses the token: correct it"
        case .balanceRefused: "the vendor says that the balance is insufficient"
        case .writeBudget: "the number's requests for this hour are used up"
        case .exposureBudget: "the limit of numbers exposed at once is reached"
        case .endpointLimit: "the endpoint's requests for this minute are used up, or it asked us to wait"
        case .endpointDown:
            "the endpoint is down or refuses every number: it is probed with one request at a time"
        case .paused: "paused by an operator"
        case .operatorPINUnavailable: "the operator-owned PIN cannot be read"
        case .clockBehind: "the clock is behind what was recorded: rotations and adoptions wait"
        case .zoneUnknown:
            "a rotation is due, and this machine does not know the time zone of its window: see `twostepd doctor`"
        case .stopping: "the daemon is stopping"
        case .disableRefused:
            "the vendor refuses to disable the number: it stays as it is, and is tried again after the longest backoff"
        case .unreadableRecord: "its record cannot be read or written: it is tried again within an hour"
        }
    }
}
