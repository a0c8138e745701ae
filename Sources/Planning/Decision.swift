/// A request that the planner decided on.
public struct PlannedRequest: Hashable, Sendable {
    /// The PIN that the request carries, if any.
    public enum Content: Hashable, Sendable {
        /// No PIN: disable.
        case disable
        /// The PIN of a generation that the record holds.
        case enable(generation: Int)
        /// A PIN that is generated for this request.
        case enableNew
        /// The operator's PIN, which becomes a new generation.
        case enableOperatorPIN(PIN, name: String)
    }

    public let content: Content
    /// The proof that an acceptance gives.
    public let proof: EnableProof
    /// True when the request begins an exposure: a disable of a number that should be enabled. It needs a place in the
    /// exposure budget.
    public let startsCycle: Bool

    public init(_ content: Content, proof: EnableProof, startsCycle: Bool = false) {
        self.content = content
        self.proof = proof
        self.startsCycle = startsCycle
    }

    /// The action that the vendor is asked for.
    public var action: VendorAction {
        switch content {
        case .disable: .disable
        case .enable, .enableNew, .enableOperatorPIN: .enable
        }
    }
}

/// The planner's decision about one number.
public enum Decision: Hashable, Sendable {
    /// Nothing is due until the instant; nil when nothing is due at all.
    case idle(until: Instant?, because: DecisionReason)
    /// This request is due now, global limits permitting.
    case send(PlannedRequest, DecisionReason)
    /// A request is due, and has to wait until the instant; nil when it waits for an event.
    case hold(until: Instant?, because: DecisionReason)

    /// An observation comes first. When the observer cannot be asked within a minute, `otherwise` applies.
    indirect case observe(because: DecisionReason, otherwise: Decision)

    /// The decision without a routine observation, for which no request waits.
    public var withoutRoutine: Decision {
        if case .observe(let reason, let otherwise) = self, reason != .observing { otherwise } else { self }
    }

    /// The instant until which nothing is sent, when it is known.
    public var until: Instant? {
        switch self {
        case .idle(let until, _), .hold(let until, _): until
        case .send: nil
        case .observe(_, let otherwise): otherwise.until
        }
    }

    /// True when a request is due now.
    public var isSend: Bool { if case .send = self { true } else { false } }
}
