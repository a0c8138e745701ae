public import Planning
public import Storage

/// `pin list`: the PIN generations of a number, newest first, without their PINs.
public struct PINListDocument: Encodable, Sendable {
    /// One PIN, without its digits.
    public struct Generation: Encodable, Sendable {
        public let generation: Int
        public let origin: String
        public let createdAt: String
        public let liveFrom: Nullable<String>
        public let liveUntil: Nullable<String>
        public let maybeLive: Bool
        public let doubtAt: Nullable<String>
        public let keyId: String
    }

    public let version = 1
    public let number: String
    /// Newest first.
    public let generations: [Generation]

    private enum CodingKeys: String, CodingKey { case version, number, generations }

    public init(_ number: PhoneNumber, _ pins: [PINRow]) {
        self.number = number.description
        generations = pins.map { row in
            let pin = row.generation
            return Generation(
                generation: pin.generation, origin: pin.origin.text, createdAt: pin.createdAt.description,
                liveFrom: Nullable(pin.liveFrom?.description), liveUntil: Nullable(pin.liveUntil?.description),
                maybeLive: row.maybeLive, doubtAt: Nullable(row.doubtAt?.description), keyId: row.keyID
            )
        }
    }
}
