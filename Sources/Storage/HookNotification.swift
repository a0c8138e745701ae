public import Planning

/// One notification for one hook.
public struct HookNotification: Hashable, Sendable {
    public let id: Int64
    /// The notification's identifier, the same at every attempt, so that a receiver can detect a duplicate. 32
    /// hexadecimal digits.
    public let uid: String
    public let kind: HookKind
    public let at: Instant
    /// The number concerned; nil when the notification concerns the whole fleet.
    public let number: PhoneNumber?
    /// The number's label in the desired state in force.
    public let label: String?
    /// The newest request for the number at the time of the notification.
    public let changeID: Int64?
    /// The newest PIN generation that may have been live at the time of the notification.
    public let generation: Int?
    /// The failure or the operator's action, in words; free of secrets.
    public let detail: String?
    /// The kind of change that another person or program made; nil when the notification is not about drift.
    public let drift: Drift.Kind?
    /// The number of attempts so far.
    public let attempts: Int
}

/// The delivery state of a hook.
public struct HookStatus: Hashable, Sendable {
    /// A notification that will not be delivered.
    public struct GivenUp: Hashable, Sendable {
        public let at: Instant?
        public let kind: HookKind
        /// The number concerned; nil when the notification concerns the whole fleet.
        public let number: PhoneNumber?
        /// The error of its last attempt; nil when it was given up without an attempt, because too many waited.
        public let error: String?
    }

    public let name: String
    /// The number of notifications that wait.
    public let waiting: Int
    /// The time since which the oldest of them waits.
    public let waitingSince: Instant?
    /// The number of delivered notifications.
    public let delivered: Int
    /// The number of notifications given up after too many attempts, or because too many waited.
    public let givenUp: Int
    /// The last error of the waiting notification that has failed for longest; nil when none has failed.
    public let lastError: String?
    /// The time of that notification's first failed attempt. Deliveries in between do not change it.
    public let failingSince: Instant?
    /// The newest notification that was given up and is still stored.
    public internal(set) var lastGivenUp: GivenUp?
}

/// The next step for a hook.
public enum NextNotification: Hashable, Sendable {
    case deliver(HookNotification)
    /// Nothing is due before this instant.
    case wait(until: Instant)
    case nothing
}
