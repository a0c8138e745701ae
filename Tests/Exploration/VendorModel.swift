import Planning

/// The vendor's behaviour in the cases that its documentation leaves open.
struct VendorSemantics: Hashable, Sendable, CustomStringConvertible {
    /// The effect of an enable while verification is on, with any PIN.
    enum EnableWhenOn: String, Sendable, CaseIterable {
        case replaces
        case ignores
        case refuses
    }

    /// The answer to a disable.
    enum Disable: String, Sendable, CaseIterable {
        /// Accepted, also while verification is off.
        case accepts
        /// Refused while verification is off.
        case refuses
        /// Always refused: this vendor does not disable.
        case never
    }

    let enableWhenOn: EnableWhenOn
    let disable: Disable

    static let all = EnableWhenOn.allCases.flatMap { enable in
        Disable.allCases.map { VendorSemantics(enableWhenOn: enable, disable: $0) }
    }

    var description: String { "enable when on: \(enableWhenOn), disable: \(disable)" }

    /// Carries out the request with `effect` on the true state `truth`.
    func carryOut(_ effect: Int, on truth: Int) -> (truth: Int, isAccepted: Bool) {
        if effect == Truth.off {
            switch disable {
            case .accepts: return (Truth.off, true)
            case .refuses: return (Truth.off, truth != Truth.off)
            case .never: return (truth, false)
            }
        }
        guard truth != Truth.off else { return (effect, true) }
        switch enableWhenOn {
        case .replaces: return (effect, true)
        case .ignores: return (truth, true)
        case .refuses: return (truth, false)
        }
    }
}

/// The vendor's true state as a small number: 0 off, g for our generation g, 7 for a PIN from before us.
///
/// The effect of a request has the same code, so that carrying it out is an assignment.
enum Truth {
    static let off = 0
    static let foreign = 7
    /// The maximum count of generations that matter at once. The exploration never reaches this bound; it would stop if
    /// it did.
    static let maxGenerations = 4

    static func code(of effect: Effect) -> Int { effect.generation ?? off }

    static func text(_ code: Int) -> String {
        code == off ? "off" : code == foreign ? "foreign" : "on(\(code))"
    }

    static func text(of mask: Int) -> String {
        "{" + (0...foreign).filter { mask & (1 << $0) != 0 }.map { text($0) }.joined(separator: ",") + "}"
    }
}
