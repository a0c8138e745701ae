/// The kind of a notification to other systems.
public enum HookKind: String, Hashable, Sendable, CaseIterable {
    /// A new PIN is live.
    case rotated
    /// A request was not accepted, and leaves a number that may be without two-step verification.
    case exposed
    /// Three requests in a row for a number were not accepted.
    case failed
    /// The trouble that `exposed` or `failed` reported is over.
    case recovered
    /// A desired state weakens the fleet, and waits to be accepted.
    case held
    /// The desired-state file is not valid.
    case invalid
    /// An endpoint is down.
    case endpointDown = "endpoint_down"
    /// It answers again.
    case endpointUp = "endpoint_up"
    /// Another person or program has changed a number; `drift` in the document is the kind of change, `detail` names
    /// what was observed, by whom, and what was believed.
    case drift
    /// A person asked WhatsApp to disable verification of a number; nothing has changed yet.
    case disableRequested = "disable_requested"
    /// A number left the desired state while it was disabled by us.
    case leftExposed = "left_exposed"
    /// A PIN was revealed.
    case revealed
    /// The store was restored from an older copy.
    case restored
    /// The history was found to be altered.
    case historyAltered = "history_altered"
    /// The clock is behind what was recorded.
    case clockBehind = "clock_behind"

    /// The count of requests in a row that are not accepted before `failed` is sent.
    public static let failuresBeforeNotification = 3

    /// The event, in words.
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
        case .revealed: "its PIN was revealed"
        case .restored: "the store was restored from an older copy"
        case .historyAltered: "the history was altered by someone who can write to the store"
        case .clockBehind: "the clock is behind what was recorded"
        }
    }
}

extension HookKind {
    /// Creates the notification that an entry of the audit trail causes; nil when it causes none.
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

    /// Returns the notifications that a durable change of a number's record causes, in order.
    ///
    /// - Parameters:
    ///   - before: the health of the record as it was stored.
    ///   - record: the record as it is stored now.
    ///   - trouble: the notifications sent for the number since it last recovered; nil when there were none.
    public static func caused(
        since before: NumberRecord.Health, by record: NumberRecord, trouble: NumberRecord.Trouble?
    ) -> [HookKind] {
        var kinds: [HookKind] = []
        if let rotatedAt = record.rotatedAt, rotatedAt != before.rotatedAt { kinds.append(.rotated) }
        // Only the end of a request can fail: a record that is widened for a retry has as many attempts as before.
        let hasFailed = record.attempts > before.attempts
        if hasFailed, record.isExposed, trouble?.includesExposure != true { kinds.append(.exposed) }
        let failures = record.health.failures
        if failures >= failuresBeforeNotification, before.failures < failuresBeforeNotification {
            kinds.append(.failed)
        }
        // An order ends the backoff, but that is no recovery: the last error remains.
        if trouble != nil, failures == 0, record.lastError == nil, record.isAsDesired {
            kinds.append(.recovered)
        }
        return kinds
    }
}

extension HookKind {
    /// The subject of a notification that concerns the whole fleet. Notifications of one subject are delivered in
    /// order, and never wait for those of another subject.
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

    /// The trouble of a number for which `exposed` or `failed` was sent, and `recovered` was not.
    public struct Trouble: Hashable, Sendable {
        /// True when `exposed` was sent, and the number has been exposed ever since.
        public let includesExposure: Bool

        public init(includesExposure: Bool) { self.includesExposure = includesExposure }
    }

    /// The part of this record that notifications of its changes depend on.
    public var health: Health {
        Health(rotatedAt: rotatedAt, attempts: attempts, reapplyRefusals: reapplyRefusals?.count ?? 0)
    }
}
