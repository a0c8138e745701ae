public import Planning

/// `plan`: what would be sent now, and what falls due when.
public struct PlanDocument: Encodable, Sendable {
    /// A request that would be sent now.
    public struct Now: Encodable, Sendable {
        public let number: PhoneNumber
        public let action: NextAction
        public let reason: DecisionReason

        private enum CodingKeys: String, CodingKey { case number, action, reason }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(number.description, forKey: .number)
            try container.encode(action.rawValue, forKey: .action)
            try container.encode(reason.rawValue, forKey: .reason)
        }
    }

    /// What falls due at an instant.
    public struct Later: Encodable, Sendable {
        public let number: PhoneNumber
        public let action: NextAction
        public let at: Instant

        private enum CodingKeys: String, CodingKey { case number, action, at }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(number.description, forKey: .number)
            try container.encode(action.rawValue, forKey: .action)
            try container.encode(at.description, forKey: .at)
        }
    }

    public let version = 1
    public let now: [Now]
    public let later: [Later]
    /// Why the desired state would not be taken into force; null when it would.
    public let refused: Nullable<String>

    private enum CodingKeys: String, CodingKey { case version, now, later, refused }

    /// What falls due for one number: its next action, and its rotation when a re-apply comes before that.
    private static func later(_ standing: Standing) -> [Later] {
        if case .send = standing.decision { return [] }
        let number = standing.record.number
        var due: [(Instant, NextAction)] = []
        if let at = standing.outlook.at, let action = standing.outlook.action { due.append((at, action)) }
        if let rotation = standing.rotationAt, standing.outlook.action != .rotate { due.append((rotation, .rotate)) }
        return due.map { Later(number: number, action: $1, at: $0) }
    }

    /// The plan for `standings`, in the order of the numbers now and of the instants later.
    public init(_ standings: [Standing], refused: String? = nil) {
        now = standings.compactMap { standing in
            guard case .send(_, let reason) = standing.decision, let action = standing.outlook.action else {
                return nil
            }
            return Now(number: standing.record.number, action: action, reason: reason)
        }
        later = standings.flatMap(Self.later).sorted { ($0.at, $0.number) < ($1.at, $1.number) }
        self.refused = Nullable(refused)
    }
}
