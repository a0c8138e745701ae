public import Planning

/// `pin show`: the PIN that is most likely live, and every other that may be. The only place that prints a PIN.
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

    /// The PINs of `record` that could be opened.
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
