/// Why a decision was taken. A closed list; the raw values are those of the JSON shapes.
public enum DecisionReason: String, Hashable, Sendable, CaseIterable {
    // Nothing to do.
    /// The number is not in the desired state: never touched.
    case unmanaged
    /// The belief is exactly the desired state and nothing is due.
    case converged
    /// The desired state was accepted; a request of doubtful fate may still land, and has to be waited for.
    case awaitingSettlement = "awaiting_settlement"

    // Something to send.
    /// The number should be enabled and its state was never known: it is taken over, by way of disable.
    case adopting
    /// First contact, and the operator vouches for the PIN.
    case adoptingOperatorPIN = "adopting_operator_pin"
    /// The number is disabled, or may be, and should be enabled.
    case enabling
    /// The number should be disabled and may not be.
    case disabling
    /// More than one PIN may be live: certainty comes by way of disable.
    case ambiguousPIN = "ambiguous_pin"
    /// A PIN that we do not hold may be live, on a number that we knew.
    case foreignPIN = "foreign_pin"
    /// The desired state is due to be sent again.
    case reapplyDue = "reapply_due"
    /// The PIN has reached its period.
    case rotationDue = "rotation_due"
    /// The PIN is older than `rotate_before`.
    case rotateBefore = "rotate_before"
    /// An operator ordered the rotation, or has seen the PIN.
    case rotationOrdered = "rotation_ordered"
    /// The operator-owned PIN has another value than the live one.
    case operatorPINChanged = "operator_pin_changed"
    /// The request that is needed was refused twice in a row: the opposite is sent first.
    case oppositeAfterRefusal = "opposite_after_refusal"

    /// The number was observed to be otherwise than believed: another person or program has changed it.
    case drift

    // Something to send, but not yet.
    /// The observer is asked first whether the number is enabled.
    case observing
    /// Waiting after a failure.
    case backingOff = "backing_off"
    /// The vendor refuses the number's token: it is tried again, and has to be put right.
    case authenticationRefused = "authentication_refused"
    /// The vendor says that the account's balance is insufficient: it is tried again.
    case balanceRefused = "balance_refused"
    /// The number's write budget for this hour is used up.
    case writeBudget = "write_budget"
    /// As many numbers are exposed as may be at once.
    case exposureBudget = "exposure_budget"
    /// The endpoint's requests for this minute are used up, or it asked us to wait.
    case endpointLimit = "endpoint_limit"
    /// The endpoint is down: one probe at a time finds out when it is up again.
    case endpointDown = "endpoint_down"
    /// An operator paused the number, or all.
    case paused
    /// The operator-owned PIN that the entry names cannot be read.
    case operatorPINUnavailable = "operator_pin_unavailable"
    /// The wall clock is behind what was recorded: nothing that exposes a number starts.
    case clockBehind = "clock_behind"
    /// The PIN has reached its period, and its rotation window is in a time zone that this machine does not know.
    case zoneUnknown = "zone_unknown"
    /// The daemon is stopping: no new cycle starts.
    case stopping
    /// The vendor refuses to disable the number, or refuses what it needs and the opposite as well: it rests, and is tried
    /// again after the longest backoff.
    case disableRefused = "disable_refused"
    /// The number's record cannot be read, or the store refuses it: the number is set aside for an hour.
    case unreadableRecord = "unreadable_record"

    /// One sentence for people, without a full stop.
    public var sentence: String {
        switch self {
        case .unmanaged: "not in the desired state: left alone"
        case .converged: "as desired"
        case .awaitingSettlement: "as desired; an unanswered request may still land, and is waited for"
        case .adopting: "first contact: nothing is known of it yet"
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
        case .authenticationRefused: "the vendor refuses the token: it has to be put right"
        case .balanceRefused: "the vendor says that the balance is insufficient"
        case .writeBudget: "the number's requests for this hour are used up"
        case .exposureBudget: "as many numbers are exposed as may be at once"
        case .endpointLimit: "the endpoint's requests for this minute are used up, or it asked us to wait"
        case .endpointDown:
            "the endpoint is down or refuses every number: one probe at a time finds out when it takes requests again"
        case .paused: "paused by an operator"
        case .operatorPINUnavailable: "the operator-owned PIN cannot be read"
        case .clockBehind: "the clock is behind what was recorded: rotations and adoptions wait"
        case .zoneUnknown:
            "a rotation is due, and this machine does not know the time zone of its window: see `twostepd doctor`"
        case .stopping: "the daemon is stopping"
        case .disableRefused:
            "the vendor refuses to disable the number: it rests as it is, and is tried again after the longest backoff"
        case .unreadableRecord: "its record cannot be read or written: it is tried again within an hour"
        }
    }
}
