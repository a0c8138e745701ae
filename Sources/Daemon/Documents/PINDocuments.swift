public import Planning
public import Storage

/// `pin show`: the PIN that is most likely live, and all others that may be. No other command prints a PIN.
public struct PINDocument: Encodable, Sendable {
    /// A PIN that may be live.
    public struct Candidate: Encodable, Sendable {
        public let pin: String
        public let generation: Int
    }

    public let version = 1
    public let number: String
    public let pin: Nullable<String>
    public let generation: Nullable<Int>
    public let certain: Bool
    /// Most likely first.
    public let candidates: [Candidate]

    private enum CodingKeys: String, CodingKey { case version, number, pin, generation, certain, candidates }

    /// Makes the document of the PINs of `record` that could be opened.
    public init(_ record: NumberRecord) {
        number = record.number.description
        certain = record.belief.isCertain
        candidates = record.candidates.compactMap { generation in
            record.generation(generation)?.pin.map { Candidate(pin: $0.reveal(), generation: generation) }
        }
        pin = Nullable(candidates.first?.pin)
        generation = Nullable(candidates.first?.generation)
    }
}

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
