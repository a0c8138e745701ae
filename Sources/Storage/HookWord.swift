public import Planning

/// One thing that one hook is to be told of.
public struct HookWord: Hashable, Sendable {
    public let id: Int64
    /// The same at every try: by it, a receiver knows a repetition. 32 hexadecimal digits.
    public let uid: String
    public let kind: HookKind
    public let at: Instant
    /// The number that it concerns; nil when it concerns the whole fleet.
    public let number: PhoneNumber?
    /// The number's label in the desired state in force.
    public let label: String?
    /// The newest request for the number at that time.
    public let changeID: Int64?
    /// The newest PIN generation that may be live at that time.
    public let generation: Int?
    /// What went wrong, or what somebody did, in words; free of secrets.
    public let detail: String?
    /// What another person or program changed; nil for what is no drift.
    public let drift: Drift.Kind?
    /// Tries so far.
    public let attempts: Int
}

/// How a hook stands.
public struct HookStanding: Hashable, Sendable {
    /// A notification that will not be delivered.
    public struct GivenUp: Hashable, Sendable {
        public let at: Instant?
        public let kind: HookKind
        /// The number that it concerns; nil when it concerns the whole fleet.
        public let number: PhoneNumber?
        /// How its last attempt failed; nil when it was given up untried, because too many waited.
        public let error: String?
    }

    public let name: String
    /// Words that wait.
    public let waiting: Int
    /// Since when the oldest of them waits.
    public let waitingSince: Instant?
    /// Words that were delivered.
    public let delivered: Int
    /// Words that were given up after too many tries, or because too many waited.
    public let givenUp: Int
    /// How the last attempt failed of the word that has failed for longest, and waits; nil when none has failed.
    public let lastError: String?
    /// When the first attempt of that word failed. What is delivered in between does not change it.
    public let failingSince: Instant?
    /// The newest of the words that were given up and are kept.
    public internal(set) var lastGivenUp: GivenUp?
}

/// What to do with a hook now.
public enum HookWork: Hashable, Sendable {
    case deliver(HookWord)
    /// Nothing before this instant.
    case wait(until: Instant)
    case nothing
}
