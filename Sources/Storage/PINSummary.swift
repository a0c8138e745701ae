public import Planning

/// One PIN generation without its PIN: what can be shown without the key.
public struct PINSummary: Hashable, Sendable {
    /// 1 for a number's first PIN, one more for each next.
    public let generation: Int
    public let origin: PINGeneration.Origin
    /// When it was made, before it was ever sent.
    public let createdAt: Instant
    /// When an enable with it was first accepted.
    public let liveFrom: Instant?
    /// When it was proven not to be live any more.
    public let liveUntil: Instant?
    /// Whether the belief holds it.
    public let maybeLive: Bool
    /// Since when an enable with it may still land.
    public let doubtAt: Instant?
    /// The id of the key that it is sealed under.
    public let keyID: String

    /// This generation with a PIN.
    func generation(with pin: PIN) -> PINGeneration {
        PINGeneration(
            generation: generation, pin: pin, origin: origin, createdAt: createdAt, liveFrom: liveFrom,
            liveUntil: liveUntil
        )
    }
}

/// One number as far as it can be shown without the key.
public struct StatusRow: Hashable, Sendable {
    /// Everything about the number, with no generations: their PINs are sealed.
    public let record: NumberRecord
    /// The generations that may be live and the newest one, ascending.
    public let pins: [PINSummary]

    /// The record with `placeholder` for the PIN of every generation.
    ///
    /// Good for deciding what is due when. Never send or show a PIN of it, nor compare one with an operator's.
    public func record(withPlaceholder placeholder: PIN) -> NumberRecord {
        var record = record
        record.generations = pins.map { $0.generation(with: placeholder) }
        return record
    }
}
