public import Planning

/// `plan`: the requests that would be sent now, and the actions that fall due later.
public struct PlanDocument: Encodable, Sendable {
    /// A request that would be sent now.
    public struct Now: Encodable, Sendable {
        public let number: PhoneNumber
        public let action: NextAction
        public let reason: DecisionReason
        /// True when an enable follows the disable that would be sent; not in the JSON.
        public let isCycle: Bool
        /// The reason in words; not in the JSON.
        public let sentence: String

        private enum CodingKeys: String, CodingKey { case number, action, reason }
    }

    /// An action that falls due at an instant.
    public struct Later: Encodable, Sendable {
        public let number: PhoneNumber
        public let action: NextAction
        public let at: Instant
    }

    public let version = 1
    public let now: [Now]
    public let later: [Later]
    /// The reason why the desired state would not be adopted; null when it would be.
    public let refused: Nullable<String>

    private enum CodingKeys: String, CodingKey { case version, now, later, refused }

    /// The part of a plan that one number contributes.
    public struct Share: Sendable {
        let now: Now?
        let later: [Later]

        /// Makes the share of a number. Without a request now, it is the next action later, and the rotation when a
        /// re-apply comes before that.
        public init(_ standing: NumberStatus) {
            let (number, nextStep) = (standing.record.number, standing.nextStep)
            let work: (reason: DecisionReason, isCycle: Bool)? =
                switch standing.decision {
                case .send(let request, let reason): (reason, request.startsCycle)
                case .observe(let reason, .send): (reason, false)
                case .idle, .hold, .observe: nil
                }
            if let work {
                now = nextStep.action.map {
                    Now(
                        number: number, action: $0, reason: work.reason, isCycle: work.isCycle,
                        sentence: standing.sentence)
                }
                later = []
                return
            }
            now = nil
            var later: [Later] = []
            if let at = nextStep.at, let action = nextStep.action {
                later.append(Later(number: number, action: action, at: at))
            }
            if let rotation = standing.rotationAt, nextStep.action != .rotate {
                later.append(Later(number: number, action: .rotate, at: rotation))
            }
            self.later = later
        }
    }

    /// Makes the plan of these shares: now in their order, later in the order of the instants.
    public init(_ shares: some Sequence<Share>, refused: String? = nil) {
        var (now, later): ([Now], [Later]) = ([], [])
        for share in shares {
            if let item = share.now { now.append(item) }
            later += share.later
        }
        self.now = now
        self.later = later.sorted { ($0.at, $0.number) < ($1.at, $1.number) }
        self.refused = Nullable(refused)
    }
}
