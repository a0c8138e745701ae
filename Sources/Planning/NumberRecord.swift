/// Everything that is durable about one number: what is wanted, what is believed, and how the work on it stands.
public struct NumberRecord: Hashable, Sendable {
    /// The exposure of a number that should be enabled: from the disable, or the first enable of a number that was off
    /// before, until `off` leaves the belief.
    public struct Cycle: Hashable, Sendable {
        /// When the request that begins it was made durable.
        public let since: Instant
        /// Why the cycle was begun; the enable that ends it carries the same reason.
        public let reason: DecisionReason

        /// Whether we exposed the number, and it holds a place of the exposure budget. Otherwise it was off already
        /// when it was to be enabled.
        public var isOurs: Bool { reason != .enabling && reason != .drift }

        public init(since: Instant, reason: DecisionReason) {
            self.since = since
            self.reason = reason
        }
    }

    /// How often in a row the vendor refused one action, with nothing accepted in between.
    public struct Refusals: Hashable, Sendable {
        public let action: VendorAction
        public let count: Int

        public init(action: VendorAction, count: Int) {
            self.action = action
            self.count = count
        }
    }

    /// Re-applies that the vendor refused, in a row: since the desired state was last accepted.
    public struct ReapplyRefusals: Hashable, Sendable {
        /// How many; at most ``most``, which stands for more as well.
        public let count: Int
        /// The last one.
        public let at: Instant

        /// So many are counted.
        public static let most = 1000

        /// How often, in words: `was refused 3 times in a row`.
        public var words: String {
            switch count {
            case ...1: "was refused"
            case 2: "was refused twice in a row"
            default: "was refused \(count)\(count < Self.most ? "" : " or more") times in a row"
            }
        }

        public init(count: Int, at: Instant) {
            self.count = min(count, Self.most)
            self.at = at
        }
    }

    /// What refusals have shown beyond those in a row: that the vendor does not disable the number, or refuses whatever is
    /// asked of it. Until ``at`` and the longest backoff have passed, the request that is refused is not sent again.
    public struct Impasse: Hashable, Sendable {
        /// Disables that were refused of a number that was certainly enabled, since one was accepted; at most 2.
        public var disablesRefusedWhenOn = 0
        /// Whether the opposite of a refused request was refused as well, with nothing accepted in between.
        public var refusesBoth = false
        /// Whether a number that should be disabled was sent the enable that makes it certain, since a disable was accepted.
        public var isOppositeSpent = false
        /// The last of these refusals.
        public var at: Instant

        public init(
            disablesRefusedWhenOn: Int = 0, refusesBoth: Bool = false, isOppositeSpent: Bool = false, at: Instant
        ) {
            self.disablesRefusedWhenOn = disablesRefusedWhenOn
            self.refusesBoth = refusesBoth
            self.isOppositeSpent = isOppositeSpent
            self.at = at
        }

        /// Whether the vendor has refused to disable a number that was certainly enabled, twice.
        public var refusesDisable: Bool { disablesRefusedWhenOn >= 2 }
    }

    /// What a belief is about: another one may be another number's.
    public struct Identity: Hashable, Sendable {
        public var vendor: Vendor
        public var endpoint: Endpoint
        /// The number's id at the vendor, where requests name it; nil where the token does.
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

        /// The identity that an entry names.
        public init(of desired: DesiredNumber) {
            let namesNumber = desired.vendor.capabilities.tokenNamesNumber
            self.init(
                vendor: desired.vendor, endpoint: desired.endpoint,
                phoneNumberID: namesNumber ? nil : desired.phoneNumberID, tokenMark: desired.tokenMark)
        }
    }

    /// A rotation out of turn. It names PINs by their generation and not by their age, so that no clock can undo it.
    public struct OrderedRotation: Hashable, Sendable {
        /// PINs up to this generation are to be rotated; 0 when there was none.
        public let through: Int
        /// Not before this instant.
        public let at: Instant

        public init(through: Int, at: Instant) {
            self.through = through
            self.at = at
        }
    }

    public let number: PhoneNumber
    /// How often the stored row was written, 0 for a record that was never stored. A save names the version it was made
    /// from, and fits no other.
    public var version: Int
    /// What the desired state in force says; nil when the number is not in it (unmanaged).
    public var desired: DesiredNumber?
    /// What the belief is about: the last entry's identity, also while the number is unmanaged; nil before the first.
    public var identity: Identity?
    public var belief: Belief
    /// The generations that may be live and the newest few, ascending. Older ones stay in the store.
    public var generations: [PINGeneration]
    /// The effect of the last request that may have had one, when it was accepted; nil after any other end, but a refusal
    /// of what had been accepted before.
    public var lastAccepted: Effect?
    public var refusals: Refusals?
    public var impasse: Impasse?
    /// Requests in a row that were not accepted, since the number was last as desired.
    public var attempts: Int
    /// No request before this instant, after a failure.
    public var retryAt: Instant?
    public var cycle: Cycle?
    /// When the desired state was last accepted; nil when it never was, or is to be sent again.
    public var appliedAt: Instant?
    /// Re-applies that were refused since; nil when none was.
    public var reapplyRefusals: ReapplyRefusals?
    /// When the PIN last changed: the first acceptance of the newest live generation.
    public var rotatedAt: Instant?
    /// Why the last request that was not accepted was not; nil once the number is as desired again.
    public var lastFailure: OutcomeReason?
    /// What went wrong last, in words; nil once the number is as desired again.
    public var lastError: String?
    /// When the number was last changed, for all that is known: a request that may have been carried out was answered or given
    /// up, or a change by others was reported. Nil when nothing of it happened.
    public var answeredAt: Instant?
    /// What is known from observing the number.
    public var sight: Sight
    /// When requests that reached the vendor were sent within the last hour, ascending; from the history.
    public var recentWrites: [Instant]
    /// A rotation that an operator ordered, or that follows from revealing the PIN; nil when there never was one.
    public var orderedRotation: OrderedRotation?
    /// An operator's order that nothing is sent; set by orders alone.
    public var pause: Pause?
    /// When work is next due, as the last decision said; nil when nothing is.
    public var dueAt: Instant?

    public init(
        number: PhoneNumber, version: Int = 0, desired: DesiredNumber? = nil, identity: Identity? = nil,
        belief: Belief = .unknown,
        generations: [PINGeneration] = [], lastAccepted: Effect? = nil, refusals: Refusals? = nil,
        impasse: Impasse? = nil, attempts: Int = 0, retryAt: Instant? = nil, cycle: Cycle? = nil,
        appliedAt: Instant? = nil, reapplyRefusals: ReapplyRefusals? = nil, rotatedAt: Instant? = nil,
        lastFailure: OutcomeReason? = nil, lastError: String? = nil, answeredAt: Instant? = nil, sight: Sight = Sight(),
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
        self.sight = sight
        self.recentWrites = recentWrites
        self.orderedRotation = orderedRotation
        self.pause = pause
        self.dueAt = dueAt
    }

    /// The PIN generation with this number, when it is loaded.
    public func generation(_ generation: Int) -> PINGeneration? {
        generations.first { $0.generation == generation }
    }

    /// The generation of the PIN that is most likely live: the last one accepted, else the newest that may be.
    public var likeliestGeneration: Int? {
        if case .on(let generation) = lastAccepted, belief.generations.contains(generation) { return generation }
        return belief.generations.last
    }

    /// Whether the PIN of `generation` is known to be unreadable, so that no request can carry it.
    public func isUnreadable(_ generation: Int) -> Bool {
        self.generation(generation)?.isUnreadable ?? false
    }

    /// The generations that may be live, most likely first: the last one accepted, then newest to oldest.
    public var candidates: [Int] {
        let first = likeliestGeneration
        return (first.map { [$0] } ?? []) + belief.generations.reversed().filter { $0 != first }
    }
}
