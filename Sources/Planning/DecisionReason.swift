/// The reason for a decision. A closed list; the raw values are those of the JSON output.
public enum DecisionReason: String, Hashable, Sendable, CaseIterable {
    // Nothing to do.
    /// The number is not in the desired state: never touched.
    case unmanaged
    /// The belief is exactly the desired state and nothing is due.
    case converged
    /// The desired state was accepted; a request in doubt may still take effect, and has to settle first.
    case awaitingSettlement = "awaiting_settlement"

    // Something to send.
    /// The number should be enabled and its state was never known: it is adopted by way of disable.
    case adopting
    /// First contact, and the operator vouches for the PIN.
    case adoptingOperatorPIN = "adopting_operator_pin"
    /// The number is disabled, or may be, and should be enabled.
    case enabling
    /// The number should be disabled and may not be.
    case disabling
    /// More than one PIN may be live: a disable makes the state certain.
    case ambiguousPIN = "ambiguous_pin"
    /// A PIN that we do not hold may be live, on a number whose state was known before.
    case foreignPIN = "foreign_pin"
    /// The desired state is due to be sent again.
    case reapplyDue = "reapply_due"
    /// The PIN has reached its rotation period.
    case rotationDue = "rotation_due"
    /// The PIN is older than `rotate_before`.
    case rotateBefore = "rotate_before"
    /// An operator ordered the rotation, or has revealed the PIN.
    case rotationOrdered = "rotation_ordered"
    /// The value of the operator-owned PIN differs from the live one.
    case operatorPINChanged = "operator_pin_changed"
    /// The needed request was refused twice in a row: the opposite is sent first.
    case oppositeAfterRefusal = "opposite_after_refusal"

    /// An observation contradicted the belief: another person or program has changed the number.
    case drift

    // Something to send, but not yet.
    /// The observer is asked first whether the number is enabled.
    case observing
    /// The number waits after a failure.
    case backingOff = "backing_off"
    /// The vendor refuses the number's token: requests are retried, and the token has to be corrected.
    case authenticationRefused = "authentication_refused"
    /// The vendor reports an insufficient balance of the account: requests are retried.
    case balanceRefused = "balance_refused"
    /// The number's write budget for this hour is used up.
    case writeBudget = "write_budget"
    /// As many numbers are exposed as may be exposed at once.
    case exposureBudget = "exposure_budget"
    /// The endpoint's requests for this minute are used up, or its Retry-After has not passed.
    case endpointLimit = "endpoint_limit"
    /// The endpoint is down: one probe at a time finds out when it is up again.
    case endpointDown = "endpoint_down"
    /// An operator paused the number, or all numbers.
    case paused
    /// The operator-owned PIN that the entry names cannot be read.
    case operatorPINUnavailable = "operator_pin_unavailable"
    /// The wall clock is behind an instant that was recorded: nothing that exposes a number starts.
    case clockBehind = "clock_behind"
    /// The PIN has reached its rotation period, and its rotation window is in a time zone that this machine does not
    /// know.
    case zoneUnknown = "zone_unknown"
    /// The daemon is stopping: no new cycle starts.
    case stopping
    /// The vendor refuses to disable the number, or refuses both the needed request and its opposite: the number rests,
    /// and is retried after the maximum backoff.
    case disableRefused = "disable_refused"
    /// The number's record cannot be read, or the store refuses it: the number is set aside for an hour.
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
