/// The vendor's behaviour in the cases that its documentation leaves open: 9 combinations.
public struct VendorSemantics: Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// The effect of an enable while verification is on.
    public enum EnableWhenOn: String, Hashable, Sendable, CaseIterable {
        /// The new PIN replaces the old one.
        case replace
        /// Status 100, and nothing changes.
        case ignore
        /// Another status, and nothing changes.
        case refuse
    }

    /// The answer to a disable while verification is off, or to every disable.
    public enum DisableWhenOff: String, Hashable, Sendable, CaseIterable {
        /// Status 100.
        case accept
        /// Another status.
        case refuse
        /// Every disable is refused, on or off, and nothing changes: WhatsApp's own API has no way to disable.
        case never
    }

    public var enableWhenOn: EnableWhenOn
    public var disableWhenOff: DisableWhenOff

    public init(enableWhenOn: EnableWhenOn = .replace, disableWhenOff: DisableWhenOff = .accept) {
        self.enableWhenOn = enableWhenOn
        self.disableWhenOff = disableWhenOff
    }

    public static let allCases: [VendorSemantics] = EnableWhenOn.allCases.flatMap { enable in
        DisableWhenOff.allCases.map { VendorSemantics(enableWhenOn: enable, disableWhenOff: $0) }
    }

    /// True when a disable of an enabled number is carried out.
    public var canDisable: Bool { disableWhenOff != .never }

    /// Parses `replace,accept`: the behaviour of enable when on, then of disable.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let enable = EnableWhenOn(rawValue: parts[0]),
            let disable = DisableWhenOff(rawValue: parts[1])
        else { throw .semantics(text) }
        self.init(enableWhenOn: enable, disableWhenOff: disable)
    }

    public var description: String { "\(enableWhenOn.rawValue),\(disableWhenOff.rawValue)" }
}

/// The true state of one number, which no client can query.
public enum VendorState: Hashable, Sendable {
    case off
    /// Enabled with these six digits.
    case on(pin: String)

    /// Parses `off`, `on:123456` or `foreign:123456`.
    public init(parsing text: String) throws(SimulationError) {
        if text == "off" {
            self = .off
            return
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, ["on", "foreign"].contains(parts[0]), SimulatedToken.isPIN(parts[1]) else {
            throw .state(text)
        }
        self = .on(pin: parts[1])
    }

    /// The live PIN; nil when off.
    public var pin: String? {
        switch self {
        case .off: nil
        case .on(let pin): pin
        }
    }
}
