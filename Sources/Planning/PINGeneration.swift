/// One PIN of a number, from its creation to the end of its life at the vendor.
public struct PINGeneration: Hashable, Sendable {
    /// Where a PIN came from.
    public enum Origin: Hashable, Sendable {
        /// Made by us.
        case generated
        /// Owned by the operator, under this name.
        case `operator`(name: String)

        /// The form kept in the store: `generated` or `operator:NAME`.
        public var text: String {
            switch self {
            case .generated: "generated"
            case .operator(let name): "operator:\(name)"
            }
        }

        /// Reads ``text``; nil for anything else.
        public init?(text: String) {
            if text == "generated" {
                self = .generated
            } else if text.hasPrefix("operator:") {
                self = .operator(name: String(text.dropFirst("operator:".count)))
            } else {
                return nil
            }
        }
    }

    /// 1 for a number's first PIN, one more for each next.
    public let generation: Int
    /// The PIN; nil when it was not opened, or cannot be.
    public let pin: PIN?
    /// Whether the sealed PIN was tried and cannot be opened with the key in use. Such a PIN counts as `foreign`.
    public let isUnreadable: Bool
    public let origin: Origin
    /// When it was made, before it was ever sent.
    public let createdAt: Instant
    /// When an enable with it was first accepted; nil while that has not been seen.
    public var liveFrom: Instant?
    /// When it was proven not to be live any more; nil while it may be, or never was.
    public var liveUntil: Instant?

    public init(
        generation: Int, pin: PIN?, isUnreadable: Bool = false, origin: Origin, createdAt: Instant,
        liveFrom: Instant? = nil, liveUntil: Instant? = nil
    ) {
        self.generation = generation
        precondition(!isUnreadable || pin == nil, "a PIN that cannot be opened is not there")
        self.pin = pin
        self.isUnreadable = isUnreadable
        self.origin = origin
        self.createdAt = createdAt
        self.liveFrom = liveFrom
        self.liveUntil = liveUntil
    }

    /// The generation with no instant after `now`: an operator confirmed that the clock was ahead.
    func made(noLaterThan now: Instant) -> PINGeneration {
        PINGeneration(
            generation: generation, pin: pin, isUnreadable: isUnreadable, origin: origin,
            createdAt: min(createdAt, now), liveFrom: liveFrom.map { min($0, now) },
            liveUntil: liveUntil.map { min($0, now) })
    }

    /// Whether this is the operator-owned PIN `name` with this value. Where a value is not known, because it cannot be
    /// read or this PIN is closed, the name decides: the value is taken for unchanged.
    func isOperatorPIN(_ value: PIN?, named name: String) -> Bool {
        guard let value else { return origin == .operator(name: name) }
        guard let pin else { return !isUnreadable && origin == .operator(name: name) }
        return value == pin
    }
}
