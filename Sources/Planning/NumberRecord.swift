/// The durable record of one number: its desired state, its belief, and the progress of the work on it.
public struct NumberRecord: Hashable, Sendable {
    /// The exposure of a number that should be enabled: from the disable, or from the first enable of a number that was
    /// already off, until `off` leaves the belief.
    public struct Cycle: Hashable, Sendable {
        /// The time at which the request that begins it was committed.
        public let since: Instant
        /// The reason why the cycle began; the enable that ends it carries the same reason.
        public let reason: DecisionReason

        /// True when we exposed the number, so that it holds a place of the exposure budget. False when it was already
        /// off when it came to be enabled.
        public var isOurs: Bool { reason != .enabling && reason != .drift }

        public init(since: Instant, reason: DecisionReason) {
            self.since = since
            self.reason = reason
        }
    }

    /// The consecutive refusals of one action, with nothing accepted in between.
    public struct Refusals: Hashable, Sendable {
        public let action: VendorAction
        public let count: Int

        public init(action: VendorAction, count: Int) {
            self.action = action
            self.count = count
        }
    }

    /// The consecutive re-applies that the vendor refused since the desired state was last accepted.
    public struct ReapplyRefusals: Hashable, Sendable {
        /// The count, at most ``maxCount``, which also stands for more.
        public let count: Int
        /// The time of the last refusal.
        public let at: Instant

        /// The maximum count.
        public static let maxCount = 1000

        /// The count in words: `was refused 3 times in a row`.
        public var words: String {
            switch count {
            case ...1: "was refused"
            case 2: "was refused twice in a row"
            default: "was refused \(count)\(count < Self.maxCount ? "" : " or more") times in a row"
            }
        }

        public init(count: Int, at: Instant) {
            self.count = min(count, Self.maxCount)
            self.at = at
        }
    }

    /// The finding that the vendor does not disable the number, or refuses every request for it. Until the maximum
    /// backoff has passed since ``at``, the refused request is not sent again.
    public struct Impasse: Hashable, Sendable {
        /// The count of disables refused while the number was certainly enabled, 0 to 2; an accepted one resets it.
        public var disablesRefusedWhenOn = 0
        /// True when the opposite of a refused request was refused as well, with nothing accepted in between.
        public var refusesBoth = false
        /// True when a number that should be disabled was sent the enable that makes it certain, since a disable was
        /// last accepted.
        public var isOppositeSpent = false
        /// The time of the last of these refusals.
        public var at: Instant

        public init(
            disablesRefusedWhenOn: Int = 0, refusesBoth: Bool = false, isOppositeSpent: Bool = false, at: Instant
        ) {
            self.disablesRefusedWhenOn = disablesRefusedWhenOn
            self.refusesBoth = refusesBoth
            self.isOppositeSpent = isOppositeSpent
            self.at = at
        }

        /// True when the vendor has refused twice to disable a number that was certainly enabled.
        public var refusesDisable: Bool { disablesRefusedWhenOn >= 2 }
    }

    /// The identity that a belief is about: another identity may be another number.
    public struct Identity: Hashable, Sendable {
        public var vendor: Vendor
        public var endpoint: Endpoint
        /// The number's ID at the vendor, when requests name it; nil when the token does.
        public var phoneNumberID: PhoneNumberID?
        /// The mark of the token's value; nil when the value was never known.
        public var tokenMark: String?

        public init(
            vendor: Vendor = .pickyAssist, endpoint: Endpoint, phoneNumberID: PhoneNumberID? = nil, tokenMark: String?
        ) {
            self.vendor = vendor
            self.endpoint = endpoint
            self.phoneNumberID = phoneNumberID
            self.tokenMark = tokenMark
        }

        /// Creates the identity that an entry names.
        public init(of desired: DesiredNumber) {
            let namesNumber = desired.vendor.capabilities.tokenNamesNumber
            self.init(
                vendor: desired.vendor, endpoint: desired.endpoint,
                phoneNumberID: namesNumber ? nil : desired.phoneNumberID, tokenMark: desired.tokenMark)
        }
    }

    /// A rotation outside the schedule. It names PINs by generation and not by age, so that no change of the clock can
    /// undo it.
    public struct OrderedRotation: Hashable, Sendable {
        /// The newest generation to be rotated; 0 when there was none.
        public let through: Int
        /// The earliest instant of the rotation.
        public let at: Instant

        public init(through: Int, at: Instant) {
            self.through = through
            self.at = at
        }
    }

    public let number: PhoneNumber
    /// The count of writes of the stored row, 0 for a record that was never stored. A save names the version that it
    /// was made from, and fits no other.
    public var version: Int
    /// The entry in the desired state in force; nil when the number is unmanaged.
    public var desired: DesiredNumber?
    /// The identity of the belief: that of the last entry, also while the number is unmanaged; nil before the first
    /// entry.
    public var identity: Identity?
    public var belief: Belief
    /// The generations that may be live and the newest few, ascending. Older ones stay in the store.
    public var generations: [PINGeneration]
    /// The effect of the last request that may have had one, when it was accepted. Any other end sets it to nil, except
    /// a refusal of the effect that had been accepted before.
    public var lastAccepted: Effect?
    public var refusals: Refusals?
    public var impasse: Impasse?
    /// The count of consecutive requests that were not accepted, since the number was last as desired.
    public var attempts: Int
    /// The instant before which no request is sent after a failure.
    public var retryAt: Instant?
    public var cycle: Cycle?
    /// The time at which the desired state was last accepted; nil when it never was, or is due to be sent again.
    public var appliedAt: Instant?
    /// The re-applies refused since then; nil when there were none.
    public var reapplyRefusals: ReapplyRefusals?
    /// The time at which the PIN last changed: the first acceptance of the newest live generation.
    public var rotatedAt: Instant?
    /// The reason why the last request that failed was not accepted; nil once the number is as desired again.
    public var lastFailure: OutcomeReason?
    /// The last error, in words; nil once the number is as desired again.
    public var lastError: String?
    /// The latest time at which the number may have changed: a request that may have been carried out was answered or
    /// given up, or a change by others was reported. Nil when none of this happened.
    public var answeredAt: Instant?
    /// The state of the observation of the number.
    public var observations: Observations
    /// The times within the last hour at which requests that reached the vendor were sent, ascending; from the history.
    public var recentWrites: [Instant]
    /// A rotation that an operator ordered, or that follows from a reveal of the PIN; nil when there never was one.
    public var orderedRotation: OrderedRotation?
    /// An operator's order to send nothing; set by orders alone.
    public var pause: Pause?
    /// The time at which work is next due according to the last decision; nil when nothing is.
    public var dueAt: Instant?

    public init(
        number: PhoneNumber, version: Int = 0, desired: DesiredNumber? = nil, identity: Identity? = nil,
        belief: Belief = .unknown,
        generations: [PINGeneration] = [], lastAccepted: Effect? = nil, refusals: Refusals? = nil,
        impasse: Impasse? = nil, attempts: Int = 0, retryAt: Instant? = nil, cycle: Cycle? = nil,
        appliedAt: Instant? = nil, reapplyRefusals: ReapplyRefusals? = nil, rotatedAt: Instant? = nil,
        lastFailure: OutcomeReason? = nil, lastError: String? = nil, answeredAt: Instant? = nil,
        observations: Observations = Observations(),
        recentWrites: [Instant] = [],
        orderedRotation: OrderedRotation? = nil, pause: Pause? = nil, dueAt: Instant? = nil
    ) {
        self.number = number
        self.version = version
        self.desired = desired
        self.identity = identity ?? desired.map(Identity.init(of:))
        self.belief = belief
        self.generations = generations
        self.lastAccepted = lastAccepted
        self.refusals = refusals
        self.impasse = impasse
        self.attempts = attempts
        self.retryAt = retryAt
        self.cycle = cycle
        self.appliedAt = appliedAt
        self.reapplyRefusals = reapplyRefusals
        self.rotatedAt = rotatedAt
        self.lastFailure = lastFailure
        self.lastError = lastError
        self.answeredAt = answeredAt
        self.observations = observations
        self.recentWrites = recentWrites
        self.orderedRotation = orderedRotation
        self.pause = pause
        self.dueAt = dueAt
    }

    /// Returns the PIN generation with this number, when it is loaded.
    public func generation(_ generation: Int) -> PINGeneration? {
        generations.first { $0.generation == generation }
    }

    /// The generation of the PIN that is most likely live: the last one accepted, else the newest that may be.
    public var likeliestGeneration: Int? {
        if case .on(let generation) = lastAccepted, belief.generations.contains(generation) { return generation }
        return belief.generations.last
    }

    /// Returns whether the PIN of `generation` is known to be unreadable, so that no request can carry it.
    public func isUnreadable(_ generation: Int) -> Bool {
        self.generation(generation)?.isUnreadable ?? false
    }

    /// The generations that may be live, most likely first: the last one accepted, then newest to oldest.
    public var candidates: [Int] {
        let first = likeliestGeneration
        return (first.map { [$0] } ?? []) + belief.generations.reversed().filter { $0 != first }
    }
}
