import Planning

/// How a vendor answers the questions that its documentation leaves open.
struct VendorSemantics: Hashable, Sendable, CustomStringConvertible {
    /// What an enable does while verification is on, with whatever PIN.
    enum EnableWhenOn: String, Sendable, CaseIterable {
        case replaces
        case ignores
        case refuses
    }

    /// What a disable is answered.
    enum Disable: String, Sendable, CaseIterable {
        /// It is accepted, also while verification is off.
        case accepts
        /// It is refused while verification is off.
        case refuses
        /// It is always refused: this vendor does not disable.
        case never
    }

    let enableWhenOn: EnableWhenOn
    let disable: Disable

    static let all = EnableWhenOn.allCases.flatMap { enable in
        Disable.allCases.map { VendorSemantics(enableWhenOn: enable, disable: $0) }
    }

    var description: String { "enable when on: \(enableWhenOn), disable: \(disable)" }

    /// Carries out the request with `effect` when the truth is `truth`.
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
    /// The most generations that matter at once. The exploration never meets this bound; it would stop if it did.
    static let mostGenerations = 4

    static func code(of effect: Effect) -> Int { effect.generation ?? off }

    static func text(_ code: Int) -> String {
        code == off ? "off" : code == foreign ? "foreign" : "on(\(code))"
    }

    static func text(of mask: Int) -> String {
        "{" + (0...foreign).filter { mask & (1 << $0) != 0 }.map { text($0) }.joined(separator: ",") + "}"
    }
}
