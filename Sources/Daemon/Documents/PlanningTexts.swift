public import Planning

// What the core's values are in JSON: their texts.

extension PhoneNumber: Encodable {
    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension Instant: Encodable {
    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension NextAction: Encodable {}

extension DecisionReason: Encodable {}
