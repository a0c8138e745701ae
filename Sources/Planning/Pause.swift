/// An operator's order that nothing is sent, for one number or for all.
public struct Pause: Hashable, Sendable {
    public let since: Instant
    /// Who paused: a user as `name (uid 1000)`.
    public let by: String
    /// Why, in the operator's words; nil when nothing was said.
    public let reason: String?
    /// Whether even a number that is exposed is left as it is. Otherwise it is still brought back under protection.
    public let includesExposed: Bool

    public init(since: Instant, by: String, reason: String?, includesExposed: Bool) {
        self.since = since
        self.by = by
        self.reason = reason
        self.includesExposed = includesExposed
    }

    /// The decision about `record`, or a hold instead of a request that the pause forbids.
    public func permit(_ decision: Decision, for record: NumberRecord) -> Decision {
        switch decision {
        case .idle: return decision
        // A wait that ends by itself becomes one that ends with the pause: nothing would be sent then.
        case .send, .hold, .observe:
            if !includesExposed, record.isExposed || record.cycle?.isOurs == true { return decision }
            return .hold(until: nil, because: .paused)
        }
    }
}

/// What an operator orders about numbers.
public enum Order: Hashable, Sendable {
    /// Send nothing until further notice.
    case pause(Pause)
    /// Go on.
    case resume
    /// Change the PIN: one that was made before this instant is rotated at it.
    case rotate(before: Instant)
    /// Send the desired state again.
    case reapply
    /// Forget what is believed and take over again. Our PINs that may be live are kept.
    case reset
    /// Believe what a person or a program reports of the number.
    case observe(Observation)
}

/// Which numbers an order concerns.
public enum OrderScope: Hashable, Sendable {
    /// Every managed number. A pause of all holds for numbers that come later as well.
    case all
    /// These.
    case numbers([PhoneNumber])

    /// Whether it is the whole fleet.
    public var isFleet: Bool { self == .all }
}
