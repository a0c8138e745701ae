import Dice
import Planning
import Reconciler

/// The vendor's answers to what its documentation leaves open.
struct VendorSemantics: Hashable, Sendable {
    enum EnableWhenOn: String, Hashable, Sendable, CaseIterable {
        /// The new PIN takes the place of the old one.
        case replace
        /// Accepted, and nothing changes.
        case ignore
        /// Refused, and nothing changes.
        case refuse
    }

    var enableWhenOn: EnableWhenOn
    var refusesDisableWhenOff: Bool

    static func random(using random: inout SplitMix64) -> VendorSemantics {
        VendorSemantics(
            enableWhenOn: random.pick(EnableWhenOn.allCases), refusesDisableWhenOff: random.chance(0.5))
    }
}

/// What verification really is for one number: what nobody can ask.
enum Truth: Hashable {
    case off
    /// Enabled with a PIN that was not set by us.
    case foreign(PIN)
    /// Enabled with a PIN that we sent.
    case ours(PIN)

    var pin: PIN? {
        switch self {
        case .off: nil
        case .foreign(let pin), .ours(let pin): pin
        }
    }

    /// The state for the trace. Simulated PINs are no secret, and still are not shown.
    var text: String {
        switch self {
        case .off: "off"
        case .foreign: "foreign"
        case .ours: "ours"
        }
    }
}

/// One number at the vendor.
struct VendorAccount {
    let semantics: VendorSemantics
    var truth: Truth

    /// Carries a request out; whether the vendor accepts it.
    mutating func carryOut(_ content: VendorOperation) -> Bool {
        switch (content, truth) {
        case (.disable, .off): return !semantics.refusesDisableWhenOff
        case (.disable, .foreign), (.disable, .ours):
            truth = .off
            return true
        case (.enable(let pin), .off):
            truth = .ours(pin)
            return true
        case (.enable(let pin), .foreign), (.enable(let pin), .ours):
            switch semantics.enableWhenOn {
            case .replace:
                truth = .ours(pin)
                return true
            case .ignore: return true
            case .refuse: return false
            }
        }
    }
}
