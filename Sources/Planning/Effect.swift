/// The effect of a request on a number at the vendor when it is carried out.
///
/// A request has one effect: disable leads to ``off``, enable with the PIN of generation `g` to ``on(_:)``.
public enum Effect: Hashable, Sendable, Comparable {
    /// Verification is disabled.
    case off
    /// Verification is enabled with our PIN of this generation (1, 2, 3 …).
    case on(Int)

    /// The action that has this effect.
    public var action: VendorAction {
        switch self {
        case .off: .disable
        case .on: .enable
        }
    }

    /// The generation of an enable; nil for ``off``.
    public var generation: Int? {
        switch self {
        case .off: nil
        case .on(let generation): generation
        }
    }
}

/// The two actions that the vendor offers.
public enum VendorAction: String, Hashable, Sendable, CaseIterable {
    /// Enables verification with a PIN.
    case enable
    /// Disables verification.
    case disable
}

/// The operation of one request: an effect with the PIN that it needs, in the form that leaves the process.
public enum VendorOperation: Hashable, Sendable {
    case enable(PIN)
    case disable
}
