/// What other systems can be told of.
public enum HookKind: String, Hashable, Sendable, CaseIterable {
    /// A new PIN is live.
    case rotated
    /// A request ended without acceptance and left a number exposed: it should be enabled and may be off.
    case exposed
    /// Three requests in a row for one number were not accepted.
    case failed
    /// A number of which `exposed` or `failed` was told is as desired again.
    case recovered
    /// A desired state would weaken the fleet and waits for an operator's acceptance.
    case held
    /// The desired-state file is not valid; the last good state stays in force.
    case invalid
    /// An endpoint failed for several numbers in a row.
    case endpointDown = "endpoint_down"
    /// An endpoint answers again.
    case endpointUp = "endpoint_up"
    /// A number was observed to be otherwise than believed.
    case drift
    /// A person asked WhatsApp to disable verification of a number; it is not done yet.
    case disableRequested = "disable_requested"
    /// A number left the desired state while it was exposed by us.
    case leftExposed = "left_exposed"
    /// Somebody looked at a PIN.
    case revealed
    /// The store was found to be an older copy of itself.
    case restored
    /// The history was found to be altered.
    case historyAltered = "history_altered"
    /// The wall clock is behind what the store has recorded.
    case clockBehind = "clock_behind"

    /// How many requests in a row are not accepted before `failed` is told.
    public static let failuresToTell = 3

    /// What happened, in words.
    public var sentence: String {
        switch self {
        case .rotated: "a new PIN is live"
        case .exposed: "it may be without two-step verification, and its last request was not accepted"
        case .failed: "several requests in a row were not accepted"
        case .recovered: "it is as desired again"
        case .held: "a desired state waits to be accepted: it weakens the fleet, or the store is new"
        case .invalid: "the desired-state file is not valid, and changes nothing"
        case .endpointDown: "an endpoint is down"
        case .endpointUp: "an endpoint answers again"
        case .drift: "another person or program has changed it"
        case .disableRequested: "a person asked WhatsApp to disable its two-step verification"
        case .leftExposed: "it left the desired state while it was disabled by us"
        case .revealed: "somebody looked at its PIN"
        case .restored: "the store was restored from an older copy"
        case .historyAltered: "the history was altered by somebody who can write to the store"
        case .clockBehind: "the clock is behind what was recorded"
        }
    }
}

extension HookKind {
    /// The notification that an entry of the audit trail causes; nil for none.
    public init?(_ event: EventKind) {
        switch event {
        case .configurationHeld: self = .held
        case .configurationRefused: self = .invalid
        case .breakerOpened: self = .endpointDown
        case .breakerClosed: self = .endpointUp
        case .leftExposed: self = .leftExposed
        case .drift: self = .drift
        case .disableRequested: self = .disableRequested
        case .pinRevealed: self = .revealed
        case .storeRestored: self = .restored
        case .historyAltered: self = .historyAltered
        case .clockBehind: self = .clockBehind
        case .configurationAccepted, .paused, .resumed, .rotationOrdered, .reapplyOrdered, .resetOrdered, .observed,
            .exposureReduced, .disableRefused, .keyGenerated, .keyRotated, .auditPruned, .started, .stopped,
            .clockAccepted, .clockRight, .interruptedRequests, .recordUnreadable:
            return nil
        }
    }

    /// The notifications that a durable change of a number's record causes, in order.
    ///
    /// - Parameters:
    ///   - before: the record as it was stored.
    ///   - record: the record as it is stored now.
    ///   - trouble: what was notified of the number since it last recovered; nil for nothing.
    public static func caused(
        since before: NumberRecord.Health, by record: NumberRecord, trouble: NumberRecord.Trouble?
    ) -> [HookKind] {
        var kinds: [HookKind] = []
        if let rotatedAt = record.rotatedAt, rotatedAt != before.rotatedAt { kinds.append(.rotated) }
        // Only the end of a request can fail: a record that is widened for a retry has as many attempts as before.
        let hasFailed = record.attempts > before.attempts
        if hasFailed, record.isExposed, trouble?.includesExposure != true { kinds.append(.exposed) }
        let failures = record.health.failures
        if failures >= failuresToTell, before.failures < failuresToTell { kinds.append(.failed) }
        // An order ends the backoff, which is no recovery: the last error is still there.
        if trouble != nil, failures == 0, record.lastError == nil, record.isAsDesired {
            kinds.append(.recovered)
        }
        return kinds
    }
}

extension HookKind {
    /// The subject of a notification that concerns the whole fleet. Those of one subject are delivered in order, and none
    /// waits for another subject's.
    public var fleetSubject: String {
        switch self {
        case .held, .invalid: "desired state"
        case .endpointDown, .endpointUp: "endpoints"
        case .restored, .historyAltered: "store"
        case .clockBehind: "clock"
        case .rotated, .exposed, .failed, .recovered, .drift, .disableRequested, .leftExposed, .revealed: "numbers"
        }
    }
}

extension NumberRecord {
    /// The part of a stored record that notifications of its changes depend on.
    public struct Health: Hashable, Sendable {
        public let rotatedAt: Instant?
        public let attempts: Int
        /// Re-applies in a row that were refused.
        public let reapplyRefusals: Int

        public init(rotatedAt: Instant?, attempts: Int, reapplyRefusals: Int) {
            self.rotatedAt = rotatedAt
            self.attempts = attempts
            self.reapplyRefusals = reapplyRefusals
        }

        fileprivate var failures: Int { max(attempts, reapplyRefusals) }
    }

    /// That `exposed` or `failed` was notified of a number, and `recovered` was not.
    public struct Trouble: Hashable, Sendable {
        /// Whether `exposed` was notified, and the number has been exposed ever since.
        public let includesExposure: Bool

        public init(includesExposure: Bool) { self.includesExposure = includesExposure }
    }

    /// The part of this record that notifications of its changes depend on.
    public var health: Health {
        Health(rotatedAt: rotatedAt, attempts: attempts, reapplyRefusals: reapplyRefusals?.count ?? 0)
    }
}
