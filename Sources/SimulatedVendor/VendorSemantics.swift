/// The vendor's answers to what its documentation leaves open: 9 combinations.
public struct VendorSemantics: Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// What an enable does while verification is on.
    public enum EnableWhenOn: String, Hashable, Sendable, CaseIterable {
        /// The new PIN takes the place of the old one.
        case replace
        /// Status 100, and nothing changes.
        case ignore
        /// Another status, and nothing changes.
        case refuse
    }

    /// What a disable does while verification is off, and whether it does anything while verification is on.
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

    /// Whether a disable of an enabled number is carried out.
    public var canDisable: Bool { disableWhenOff != .never }

    /// Reads `replace,accept`: the answer to enable when on, then to disable.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let enable = EnableWhenOn(rawValue: parts[0]),
            let disable = DisableWhenOff(rawValue: parts[1])
        else { throw .semantics(text) }
        self.init(enableWhenOn: enable, disableWhenOff: disable)
    }

    public var description: String { "\(enableWhenOn.rawValue),\(disableWhenOff.rawValue)" }
}

/// What verification really is for one token: what no client can ever ask.
public enum VendorState: Hashable, Sendable {
    case off
    /// Enabled with these six digits.
    case on(pin: String)

    /// Reads `off`, `on:123456` or `foreign:123456`.
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
