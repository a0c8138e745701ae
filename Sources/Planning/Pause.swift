/// An operator's order to send nothing, for one number or for all.
public struct Pause: Hashable, Sendable {
    public let since: Instant
    /// The user who paused, as `name (uid 1000)`.
    public let by: String
    /// The reason in the operator's words; nil when none was given.
    public let reason: String?
    /// True when even an exposed number is left as it is. Otherwise an exposed number is still enabled.
    public let includesExposed: Bool

    public init(since: Instant, by: String, reason: String?, includesExposed: Bool) {
        self.since = since
        self.by = by
        self.reason = reason
        self.includesExposed = includesExposed
    }

    /// Returns the decision about `record`, or a hold in place of a request that the pause forbids.
    public func permit(_ decision: Decision, for record: NumberRecord) -> Decision {
        switch decision {
        case .idle: return decision
        // A wait that ends by itself becomes one that ends with the pause, because nothing would be sent before.
        case .send, .hold, .observe:
            if !includesExposed, record.isExposed || record.cycle?.isOurs == true { return decision }
            return .hold(until: nil, because: .paused)
        }
    }
}

/// An operator's order about numbers.
public enum Order: Hashable, Sendable {
    /// Sends nothing until further notice.
    case pause(Pause)
    /// Ends a pause.
    case resume
    /// Rotates the PIN: one that was created before this instant is rotated at it.
    case rotate(before: Instant)
    /// Sends the desired state again.
    case reapply
    /// Forgets the belief and adopts the number again. Our PINs that may be live are kept.
    case reset
    /// Applies a report by a person or a program about the number.
    case observe(Observation)
}

/// The numbers that an order concerns.
public enum OrderScope: Hashable, Sendable {
    /// Every managed number. A pause of all also applies to numbers that are added later.
    case all
    /// The named numbers.
    case numbers([PhoneNumber])

    /// True when the order concerns the whole fleet.
    public var isFleet: Bool { self == .all }
}
