public import Planning

/// An optional that is written as `null` when it is absent, never left out: scripts rely on the keys.
public struct Nullable<Value: Encodable & Sendable>: Encodable, Sendable {
    public let value: Value?

    public init(_ value: Value?) { self.value = value }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value { try container.encode(value) } else { try container.encodeNil() }
    }
}

// The core's values appear in JSON as their texts.

extension PhoneNumber: Encodable {
    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension Instant: Encodable {
    public func encode(to encoder: any Encoder) throws { try description.encode(to: encoder) }
}

extension NextAction: Encodable {}

extension DecisionReason: Encodable {}
