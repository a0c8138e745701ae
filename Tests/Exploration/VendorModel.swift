import Planning

/// How a vendor answers the two questions that its documentation leaves open.
struct VendorSemantics: Hashable, Sendable, CustomStringConvertible {
    /// What an enable does while verification is on, with whatever PIN.
    enum EnableWhenOn: String, Sendable, CaseIterable {
        case replaces
        case ignores
        case refuses
    }

    /// What a disable is answered while verification is off.
    enum DisableWhenOff: String, Sendable, CaseIterable {
        case accepts
        case refuses
    }

    let enableWhenOn: EnableWhenOn
    let disableWhenOff: DisableWhenOff

    static let all = EnableWhenOn.allCases.flatMap { enable in
        DisableWhenOff.allCases.map { VendorSemantics(enableWhenOn: enable, disableWhenOff: $0) }
    }

    var description: String { "enable when on: \(enableWhenOn), disable when off: \(disableWhenOff)" }

    /// Carries out the request with `effect` when the truth is `truth`.
    func carryOut(_ effect: Int, on truth: Int) -> (truth: Int, isAccepted: Bool) {
        if effect == Truth.off { return (Truth.off, truth != Truth.off || disableWhenOff == .accepts) }
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
