/// A two-step verification PIN: six ASCII digits.
///
/// It cannot print itself: description, debug description, reflection and interpolation all give a placeholder.
/// The only ways out are ``reveal()`` and equality.
public struct PIN: Hashable, Sendable {
    private let value: UInt32

    /// Creates the PIN from exactly six ASCII digits (leading zeros allowed); nil for anything else.
    public init?(digits: String) {
        guard digits.utf8.count == 6 else { return nil }
        var value: UInt32 = 0
        for byte in digits.utf8 {
            guard (48...57).contains(byte) else { return nil }
            value = value * 10 + UInt32(byte - 48)
        }
        self.value = value
    }

    /// Creates the PIN from a whole number below one million, padded with zeros.
    init(value: UInt32) {
        precondition(value < 1_000_000, "a PIN has six digits")
        self.value = value
    }

    /// Returns the six digits. Call it only to seal the PIN, to send it, or for `pin show`.
    public func reveal() -> String {
        let digits = String(value)
        return String(repeating: "0", count: 6 - digits.utf8.count) + digits
    }
}

extension PIN: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "PIN(redacted)" }
    public var debugDescription: String { "PIN(redacted)" }
    public var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}
