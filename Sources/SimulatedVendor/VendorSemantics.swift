/// The vendor's answers to what its documentation leaves open: 6 combinations.
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

    /// What a disable does while verification is off.
    public enum DisableWhenOff: String, Hashable, Sendable, CaseIterable {
        /// Status 100.
        case accept
        /// Another status.
        case refuse
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

    /// Reads `replace,accept`: the answer to enable when on, then to disable when off.
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
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
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

/// A token and how its number begins.
public struct SimulatedToken: Hashable, Sendable {
    public let token: String
    public let state: VendorState

    public init(token: String, state: VendorState = .off) {
        self.token = token
        self.state = state
    }

    /// Reads `TOKEN`, `TOKEN=off` or `TOKEN=foreign:123456`.
    public init(parsing text: String) throws(SimulationError) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard let token = parts.first, !token.isEmpty else { throw .token(text) }
        self.init(token: token, state: parts.count == 2 ? try VendorState(parsing: parts[1]) : .off)
    }

    static func isPIN(_ text: String) -> Bool {
        text.utf8.count == 6 && text.utf8.allSatisfy { (48...57).contains($0) }
    }
}

/// What is wrong with a simulation's options.
public enum SimulationError: Error, Hashable, CustomStringConvertible {
    case semantics(String)
    case state(String)
    case token(String)
    case fault(String)
    case probability(String)
    case address(String)

    public var description: String {
        switch self {
        case .semantics(let text):
            "'\(text)' is no semantics: write replace, ignore or refuse, a comma, and accept or refuse, such as replace,accept"
        case .state(let text): "'\(text)' is no state: write off, or foreign:123456 with six digits"
        case .token(let text): "'\(text)' is no token: write TOKEN, TOKEN=off or TOKEN=foreign:123456"
        case .fault(let text):
            "'\(text)' is no fault: one of " + Fault.allCases.map(\.rawValue).joined(separator: ", ")
        case .probability(let text): "'\(text)' is no probability: write a number from 0 to 1"
        case .address(let text): "cannot listen: \(text)"
        }
    }
}
