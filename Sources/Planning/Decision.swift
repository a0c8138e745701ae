/// A request that the planner asks for.
public struct PlannedRequest: Hashable, Sendable {
    /// Which PIN an enable carries.
    public enum Content: Hashable, Sendable {
        /// No PIN: disable.
        case disable
        /// The PIN of a generation that the record holds.
        case enable(generation: Int)
        /// A PIN that is made for this request.
        case enableNew
        /// The operator's PIN, which becomes a new generation.
        case enableOperatorPIN(PIN, name: String)
    }

    public let content: Content
    /// What an acceptance proves.
    public let proof: EnableProof
    /// Whether the request begins an exposure: a disable of a number that should be enabled. It needs the budget.
    public let startsCycle: Bool

    public init(_ content: Content, proof: EnableProof, startsCycle: Bool = false) {
        self.content = content
        self.proof = proof
        self.startsCycle = startsCycle
    }

    /// What is asked of the vendor.
    public var action: VendorAction {
        switch content {
        case .disable: .disable
        case .enable, .enableNew, .enableOperatorPIN: .enable
        }
    }
}

/// What to do about one number now.
public enum Decision: Hashable, Sendable {
    /// Nothing is to be done until the instant, or at all.
    case idle(until: Instant?, because: DecisionReason)
    /// Send this now, global limits permitting.
    case send(PlannedRequest, DecisionReason)
    /// Something is to be sent, and must wait until the instant, or for an event.
    case hold(until: Instant?, because: DecisionReason)

    /// Ask the observer first. Where it cannot be asked within a minute, `otherwise` is what to do.
    indirect case observe(because: DecisionReason, otherwise: Decision)

    /// The decision without an observation that is only due now and then: no request waits for that.
    public var withoutRoutine: Decision {
        if case .observe(let reason, let otherwise) = self, reason != .observing { otherwise } else { self }
    }

    /// Until when nothing is sent, where that is known.
    public var until: Instant? {
        switch self {
        case .idle(let until, _), .hold(let until, _): until
        case .send: nil
        case .observe(_, let otherwise): otherwise.until
        }
    }

    /// Whether something is to be sent now.
    public var isSend: Bool { if case .send = self { true } else { false } }
}
