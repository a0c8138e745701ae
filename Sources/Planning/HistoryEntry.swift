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
    /// A desired state was put into force; names who accepted it, if it had been held.
    case configurationAccepted = "configuration_accepted"
    /// A desired-state file is not valid or cannot be read; the last good state stays.
    case configurationRefused = "configuration_refused"
    /// A desired state would weaken the fleet, or the store is new; it waits for `accept`.
    case configurationHeld = "configuration_held"
    /// An operator paused a number, or all.
    case paused
    /// An operator ended a pause.
    case resumed
    /// An operator ordered new PINs, or `rotate_after_reveal` did.
    case rotationOrdered = "rotation_ordered"
    /// An operator had the same state sent again.
    case reapplyOrdered = "reapply_ordered"
    /// An operator discarded the belief about numbers, to have them taken over again.
    case resetOrdered = "reset_ordered"
    /// An endpoint failed for several numbers in a row: it is probed, and nothing else is sent to it.
    case breakerOpened = "breaker_opened"
    /// An endpoint answers again.
    case breakerClosed = "breaker_closed"
    /// The vendor refused twice to disable a number that was certainly enabled: the first one of its endpoint.
    case disableRefused = "disable_refused"
    /// A person or a program reported an observation of a number (off, on, or another PIN) with `observe`; names who,
    /// and the source.
    case observed
    /// A person asked WhatsApp to disable verification of a number; nothing has changed yet.
    case disableRequested = "disable_requested"
    /// An observation contradicts the belief: names the change, what was observed, by whom, and what was believed.
    case drift
    /// An enable of an exposed number was not accepted: one at a time from here on.
    case exposureReduced = "exposure_reduced"
    /// A number left the desired state while it was disabled by us.
    case leftExposed = "left_exposed"
    /// A PIN was revealed, to a person or a hook; names to whom, and why.
    case pinRevealed = "pin_revealed"
    /// A sealing key was made, because none was configured.
    case keyGenerated = "key_generated"
    /// Everything in the store was resealed under another key.
    case keyRotated = "key_rotated"
    /// Old history was removed: on request, or because `keep_changes` had passed.
    case auditPruned = "audit_pruned"
    /// The newest history that was written is missing or changed at this start.
    case historyAltered = "history_altered"
    /// The daemon, or `apply`, began to work on this store.
    case started
    /// The daemon, or `apply`, stopped cleanly.
    case stopped
    /// The store is older than its fence, or does not hold the newest history that its fence knows: every belief gained
    /// `foreign` and `off`.
    case storeRestored = "store_restored"
    /// The clock is behind what was recorded: rotations and adoptions wait.
    case clockBehind = "clock_behind"
    /// An operator accepted the clock as right, and the recorded times as wrong.
    case clockAccepted = "clock_accepted"
    /// The clock has caught up.
    case clockRight = "clock_right"
    /// Requests without an answer were found at startup: an earlier process ended before they were answered.
    case interruptedRequests = "interrupted_requests"
    /// A number's record cannot be read or written and is set aside for an hour, or one of its PINs cannot be unsealed
    /// and counts as `foreign`.
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
