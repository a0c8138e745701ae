public import Planning
public import Storage

/// `status`: the daemon, the desired state in force, and how every number stands.
public struct StatusDocument: Encodable, Sendable {
    /// The daemon that works on this store.
    public struct DaemonState: Encodable, Sendable {
        public let running: Bool
        public let pid: Nullable<Int32>
        public let since: Nullable<String>
    }

    /// The desired state in force.
    public struct DesiredStateInForce: Encodable, Sendable {
        public let revision: Nullable<Int>
        public let sha256: Nullable<String>
        public let loadedAt: Nullable<String>
        /// Whether the file, when it was last read, was valid and taken into force.
        public let valid: Bool
        /// A revision that waits for `accept`.
        public let heldRevision: Nullable<String>
    }

    /// One number.
    public struct Number: Encodable, Sendable {
        public let number: String
        public let label: Nullable<String>
        public let desired: Nullable<String>
        public let belief: [String]
        public let certain: Bool
        public let condition: String
        public let reason: String
        public let pinGeneration: Nullable<Int>
        public let appliedAt: Nullable<String>
        public let rotatedAt: Nullable<String>
        public let nextAction: Nullable<String>
        public let nextActionAt: Nullable<String>
        public let attempts: Int
        public let lastError: Nullable<String>
    }

    public let version = 1
    public let at: String
    public let daemon: DaemonState
    public let desiredState: DesiredStateInForce
    public let numbers: [Number]

    private enum CodingKeys: String, CodingKey {
        case version, at, daemon, desiredState, numbers
    }

    /// The status at `at`.
    ///
    /// - Parameters:
    ///   - holder: who works on the store, if anybody does.
    ///   - inForce: what the store says of the desired state; nil when there is no store yet.
    public init(at: Instant, holder: LockHolder?, inForce: DesiredStateStatus?, standings: [Standing]) {
        self.at = at.description
        let isDaemon = holder?.command == "run"
        daemon = DaemonState(
            running: isDaemon, pid: Nullable(isDaemon ? holder?.pid : nil),
            since: Nullable(isDaemon ? holder?.since?.description : nil)
        )
        desiredState = DesiredStateInForce(
            revision: Nullable(inForce?.revision), sha256: Nullable(inForce?.sha256),
            loadedAt: Nullable(inForce?.loadedAt?.description), valid: inForce?.isValid ?? false,
            heldRevision: Nullable(inForce?.heldRevision.map(String.init))
        )
        numbers = standings.map(\.document)
    }
}

/// How one number stands and what comes next: what `status`, `apply` and the daemon's summary line are made of.
public struct Standing: Sendable {
    public let record: NumberRecord
    public let condition: NumberCondition
    public let decision: Decision
    public let outlook: Outlook
    /// When the live PIN is due to change; nil for never, and when no PIN of ours is certainly live.
    public let rotationAt: Instant?

    /// Judges `record` at `now`, by a clock that `clock` has watched.
    public init(
        _ record: NumberRecord, operatorPIN: PIN?, policy: Policy, now: Instant, clock: ClockGuard = ClockGuard()
    ) {
        self.record = record
        let wanted = Planner.decide(record, operatorPIN: operatorPIN, policy: policy, now: now)
        decision = clock.permit(wanted, for: record, at: now)
        condition = NumberCondition(of: record, decision: decision)
        rotationAt = record.desired.flatMap { desired in
            guard desired.verification == .enabled, case .on(let generation) = record.belief.certainEffect else {
                return nil
            }
            return RotationSchedule.due(
                record, desired: desired, generation: generation, operatorPIN: operatorPIN, policy: policy, now: now
            )?.at
        }
        outlook = Outlook(of: record, decision: decision, operatorPIN: operatorPIN, policy: policy, now: now)
    }

    /// Why the number stands as it does.
    public var reason: DecisionReason { outlook.reason }

    /// How urgent it is to look at this number, most urgent first: exposed, failing, unsettled, at rest.
    public var rank: Int {
        switch condition {
        case .exposed: 0
        case .backingOff: 1
        case .held: 2
        case .uncertain: 3
        case .pending: 4
        case .paused: 5
        case .converged: 6
        case .unmanaged: 7
        }
    }

    var document: StatusDocument.Number {
        StatusDocument.Number(
            number: record.number.description,
            label: Nullable(record.desired?.label),
            desired: Nullable(record.desired?.verification.rawValue),
            belief: record.belief.elements,
            certain: record.belief.isCertain,
            condition: condition.rawValue,
            reason: reason.rawValue,
            pinGeneration: Nullable(record.likeliestGeneration),
            appliedAt: Nullable(record.appliedAt?.description),
            rotatedAt: Nullable(record.rotatedAt?.description),
            nextAction: Nullable(outlook.action?.rawValue),
            nextActionAt: Nullable(outlook.at?.description),
            attempts: record.attempts,
            lastError: Nullable(record.lastError)
        )
    }
}
