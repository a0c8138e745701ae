/// One request as the append-only history keeps it.
public struct ChangeEntry: Hashable, Sendable {
    /// Ascending, unique in the store.
    public let id: Int64
    public let number: PhoneNumber
    public let action: VendorAction
    public let reason: DecisionReason
    /// The PIN generation of an enable; nil for a disable.
    public let generation: Int?
    /// When the request was made durable, just before it was sent.
    public let sentAt: Instant
    /// The account whose minute it counts in; nil in entries that were read back.
    public let account: Account?
    /// When its end was seen; nil while it is in flight.
    public var answeredAt: Instant?
    /// How it ended; nil while it is in flight.
    public var outcome: Outcome?

    public init(
        id: Int64, number: PhoneNumber, action: VendorAction, reason: DecisionReason, generation: Int?,
        sentAt: Instant, to account: Account? = nil, answeredAt: Instant? = nil, outcome: Outcome? = nil
    ) {
        self.id = id
        self.number = number
        self.action = action
        self.reason = reason
        self.generation = generation
        self.sentAt = sentAt
        self.account = account
        self.answeredAt = answeredAt
        self.outcome = outcome
    }
}

/// What an audit event is about; a closed list, explained in docs/reference.md.
public enum EventKind: String, Hashable, Sendable, CaseIterable {
    /// A desired-state file was taken into force.
    case configurationAccepted = "configuration_accepted"
    /// A desired-state file was not taken, because it is invalid or cannot be read.
    case configurationRefused = "configuration_refused"
    /// A desired-state file would weaken the fleet and waits for an operator's acceptance.
    case configurationHeld = "configuration_held"
    /// An operator paused a number, or all.
    case paused
    /// An operator ended a pause.
    case resumed
    /// An operator ordered a rotation.
    case rotationOrdered = "rotation_ordered"
    /// An operator ordered a re-apply.
    case reapplyOrdered = "reapply_ordered"
    /// An operator ordered that what is believed about a number be forgotten.
    case resetOrdered = "reset_ordered"
    /// An endpoint failed for several numbers in a row: it is probed, and nothing else is sent to it.
    case breakerOpened = "breaker_opened"
    /// An endpoint answers again.
    case breakerClosed = "breaker_closed"
    /// The vendor refused to disable a number that was certainly enabled, twice: the first one of its endpoint.
    case disableRefused = "disable_refused"
    /// A person or a program reported what was seen of a number.
    case observed
    /// A person asked WhatsApp to disable verification of a number, which is reported and not done yet.
    case disableRequested = "disable_requested"
    /// A number was observed to be otherwise than believed: another person or program has changed it.
    case drift
    /// An enable of an exposed number was not accepted: one number is exposed at a time from here on.
    case exposureReduced = "exposure_reduced"
    /// A number left the desired state while it was exposed by us.
    case leftExposed = "left_exposed"
    /// A PIN was shown to somebody.
    case pinRevealed = "pin_revealed"
    /// A sealing key was made, because none was configured.
    case keyGenerated = "key_generated"
    /// Everything in the store was sealed anew under another key.
    case keyRotated = "key_rotated"
    /// Old history was removed: on request, or because it is kept no longer.
    case auditPruned = "audit_pruned"
    /// The newest history of the last start was found missing or changed at this start.
    case historyAltered = "history_altered"
    /// The daemon (or `apply`) began to work on this store.
    case started
    /// The daemon (or `apply`) stopped cleanly.
    case stopped
    /// The store was found to be older than its fence: every belief gained `foreign`.
    case storeRestored = "store_restored"
    /// The wall clock was found behind what the store has recorded: rotations and adoptions hold.
    case clockBehind = "clock_behind"
    /// An operator said that the clock is right and the record is not.
    case clockAccepted = "clock_accepted"
    /// The wall clock is right again.
    case clockRight = "clock_right"
    /// Requests without an answer were found at the start: an earlier process stopped in the middle of them.
    case interruptedRequests = "interrupted_requests"
    /// The record of a number, or one of its PINs, cannot be read, or the store refuses it: it is set aside, or the PIN
    /// counts as foreign.
    case recordUnreadable = "record_unreadable"
}

/// One row of the append-only audit trail.
public struct EventEntry: Hashable, Sendable {
    public let at: Instant
    public let kind: EventKind
    /// The number that it concerns; nil when it concerns the whole store.
    public let number: PhoneNumber?
    /// Who caused it: a user as `name (uid 1000)`, or `daemon`.
    public let actor: String
    /// One line of detail, free of secrets.
    public let detail: String
    /// What was changed, in an event of drift that is appended; nil in the others, and in events that were read back.
    public let drift: Drift.Kind?

    public init(
        at: Instant, kind: EventKind, number: PhoneNumber? = nil, actor: String = "daemon", detail: String,
        drift: Drift.Kind? = nil
    ) {
        self.at = at
        self.kind = kind
        self.number = number
        self.actor = actor
        self.detail = detail
        self.drift = drift
    }
}
