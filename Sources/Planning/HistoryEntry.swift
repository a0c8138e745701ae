/// One request in the append-only history.
public struct ChangeEntry: Hashable, Sendable {
    /// The request's ID: ascending, unique in the store.
    public let id: Int64
    public let number: PhoneNumber
    public let action: VendorAction
    public let reason: DecisionReason
    /// The PIN generation of an enable; nil for a disable.
    public let generation: Int?
    /// The time at which the request was committed, just before it was sent.
    public let sentAt: Instant
    /// The account whose requests a minute it counts towards; nil in entries that were read back.
    public let account: Account?
    /// The time at which its end was seen; nil while it is in flight.
    public var answeredAt: Instant?
    /// The outcome of the request; nil while it is in flight.
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

/// The kind of an audit event; a closed list, explained in docs/reference.md.
public enum EventKind: String, Hashable, Sendable, CaseIterable {
    /// A desired state was adopted.
    case configurationAccepted = "configuration_accepted"
    /// A desired-state file was not adopted, because it is invalid or cannot be read.
    case configurationRefused = "configuration_refused"
    /// A desired state waits for an operator's acceptance, because it would weaken the fleet or the store is new.
    case configurationHeld = "configuration_held"
    /// An operator paused a number, or all numbers.
    case paused
    /// An operator ended a pause.
    case resumed
    /// An operator ordered a rotation.
    case rotationOrdered = "rotation_ordered"
    /// An operator ordered a re-apply.
    case reapplyOrdered = "reapply_ordered"
    /// An operator ordered a reset of the belief about a number.
    case resetOrdered = "reset_ordered"
    /// An endpoint failed for several numbers in a row: only probes are sent to it.
    case breakerOpened = "breaker_opened"
    /// An endpoint answers again.
    case breakerClosed = "breaker_closed"
    /// The vendor refused twice to disable a number that was certainly enabled, for the first number of its endpoint.
    case disableRefused = "disable_refused"
    /// A person or a program reported an observation of a number.
    case observed
    /// A person asked WhatsApp to disable verification of a number; it is not disabled yet.
    case disableRequested = "disable_requested"
    /// An observation contradicted the belief: another person or program has changed the number.
    case drift
    /// An enable of an exposed number was not accepted: one number is exposed at a time from here on.
    case exposureReduced = "exposure_reduced"
    /// A number left the desired state while it was exposed by us.
    case leftExposed = "left_exposed"
    /// A PIN was revealed.
    case pinRevealed = "pin_revealed"
    /// A sealing key was generated, because none was configured.
    case keyGenerated = "key_generated"
    /// Everything in the store was resealed under another key.
    case keyRotated = "key_rotated"
    /// Old history was pruned: on request, or because its retention period is over.
    case auditPruned = "audit_pruned"
    /// This start found the newest history of the last start missing or changed.
    case historyAltered = "history_altered"
    /// The daemon (or `apply`) began to work on this store.
    case started
    /// The daemon (or `apply`) stopped cleanly.
    case stopped
    /// The store proved to be older than its fence: every belief gained `foreign`.
    case storeRestored = "store_restored"
    /// The wall clock is behind an instant in the store: rotations and adoptions are held.
    case clockBehind = "clock_behind"
    /// An operator confirmed that the clock is right and the recorded instant is wrong.
    case clockAccepted = "clock_accepted"
    /// The wall clock is right again.
    case clockRight = "clock_right"
    /// The start found requests without an answer: an earlier process stopped before their answers.
    case interruptedRequests = "interrupted_requests"
    /// The record of a number, or one of its PINs, cannot be read, or the store refuses it: the number is set aside, or
    /// the PIN counts as foreign.
    case recordUnreadable = "record_unreadable"
}

/// One row of the append-only audit trail.
public struct EventEntry: Hashable, Sendable {
    public let at: Instant
    public let kind: EventKind
    /// The number that the event concerns; nil when it concerns the whole store.
    public let number: PhoneNumber?
    /// The user who caused it, as `name (uid 1000)`, or `daemon`.
    public let actor: String
    /// One line of detail, free of secrets.
    public let detail: String
    /// The kind of drift, in an event of drift that is appended; nil in the others, and in events that were read back.
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
