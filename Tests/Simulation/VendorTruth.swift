import Dice
import Planning
import Reconciler

/// The vendor's behaviour in the cases that its documentation leaves open.
struct VendorSemantics: Hashable, Sendable {
    enum EnableWhenOn: String, Hashable, Sendable, CaseIterable {
        /// The new PIN replaces the old one.
        case replace
        /// Accepted, and nothing changes.
        case ignore
        /// Refused, and nothing changes.
        case refuse
    }

    enum Disable: String, Hashable, Sendable, CaseIterable {
        /// Accepted, also while verification is off.
        case accept
        /// Refused while verification is off.
        case refuseWhenOff
        /// Always refused: this vendor does not disable.
        case never
    }

    var enableWhenOn: EnableWhenOn
    var disable: Disable

    /// WhatsApp's own behaviour: an enable sets or changes the PIN, and nothing disables.
    static let whatsapp = VendorSemantics(enableWhenOn: .replace, disable: .never)

    static func random(using random: inout SplitMix64) -> VendorSemantics {
        let disable: Disable = random.pick([.accept, .accept, .accept, .refuseWhenOff, .refuseWhenOff, .never])
        // A vendor that refuses both keeps a number whose disable was lost in doubt for ever, and with it the places of
        // the others. Nothing converges there, and the exploration shows the requests that are sent.
        let enables = EnableWhenOn.allCases.filter { disable != .never || $0 != .refuse }
        return VendorSemantics(enableWhenOn: random.pick(enables), disable: disable)
    }
}

/// The true state of one number, which no one can query.
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

    /// The state for the trace. Simulated PINs are not secret, and are still not shown.
    var text: String {
        switch self {
        case .off: "off"
        case .foreign: "foreign"
        case .ours: "ours"
        }
    }
}

/// The numbers at the vendor that one entry's requests reach: one for each identity that the entry has had.
struct VendorAccount {
    let vendor: Vendor
    let semantics: VendorSemantics
    private let first: Truth
    /// The identity of the durable record; nil before the first.
    private(set) var identity: NumberRecord.Identity?
    private var truths: [NumberRecord.Identity: Truth] = [:]
    private var visible: [NumberRecord.Identity: VisibleHistory] = [:]

    init(vendor: Vendor, semantics: VendorSemantics, truth: Truth) {
        self.vendor = vendor
        self.semantics = semantics
        first = truth
    }

    /// The true state under the identity of the record.
    var truth: Truth { identity.flatMap { truths[$0] } ?? first }

    /// Makes `next` the identity of the record. A PIN of ours under the previous identity becomes a foreign PIN when
    /// that identity returns.
    mutating func use(_ next: NumberRecord.Identity) {
        guard next != identity else { return }
        if let identity, case .ours(let pin) = truths[identity] { truths[identity] = .foreign(pin) }
        if truths[next] == nil { truths[next] = identity == nil ? first : Self.other(next) }
        identity = next
    }

    /// Returns whether verification was off at an instant, for the number with this identity.
    func isOff(at instant: Milliseconds, _ target: NumberRecord.Identity) -> Bool {
        visible[target]?.isOff(at: instant) ?? (truth(at: target) == .off)
    }

    /// The store is replaced by an older one: PINs that we have set count as set by others, because it may not hold
    /// them.
    mutating func disownPINs() {
        for (target, truth) in truths {
            if case .ours(let pin) = truth { truths[target] = .foreign(pin) }
        }
    }

    /// Ends the lag of observers.
    mutating func catchUp() { for target in visible.keys { visible[target]?.catchUp() } }

    /// Lets another person or program turn verification off, or set a PIN.
    mutating func change(turnsOff: Bool, at now: Milliseconds, using random: inout SplitMix64) {
        guard let identity else { return }
        let before = truth
        truths[identity] = turnsOff && before != .off ? .off : .foreign(Scenario.pin(using: &random))
        visible[identity, default: VisibleHistory()].note(truth == .off, before: before == .off, at: now)
    }

    private func truth(at target: NumberRecord.Identity) -> Truth {
        truths[target] ?? (identity == nil ? first : Self.other(target))
    }

    /// Carries out a request at `target`, and returns whether the vendor accepts it.
    mutating func carryOut(
        _ content: VendorOperation, at target: NumberRecord.Identity, now: Milliseconds
    ) -> Bool {
        let before = truth(at: target)
        defer {
            visible[target, default: VisibleHistory()].note(
                truth(at: target) == .off, before: before == .off, at: now)
        }
        let (next, isAccepted) = carriedOut(content, on: before)
        if case .ours(let pin) = next, target != identity, identity != nil {
            truths[target] = .foreign(pin)
        } else {
            truths[target] = next
        }
        return isAccepted
    }

    private func carriedOut(_ content: VendorOperation, on truth: Truth) -> (truth: Truth, isAccepted: Bool) {
        switch (content, truth) {
        case (.disable, _) where semantics.disable == .never: return (truth, false)
        case (.disable, .off): return (.off, semantics.disable == .accept)
        case (.disable, .foreign), (.disable, .ours): return (.off, true)
        case (.enable(let pin), .off): return (.ours(pin), true)
        case (.enable(let pin), .foreign), (.enable(let pin), .ours):
            switch semantics.enableWhenOn {
            case .replace: return (.ours(pin), true)
            case .ignore: return (truth, true)
            case .refuse: return (truth, false)
            }
        }
    }

    /// Returns the state of a number that was never contacted.
    private static func other(_ identity: NumberRecord.Identity) -> Truth {
        let text =
            "\(identity.endpoint.text) \(identity.tokenMark ?? "") \(identity.phoneNumberID.map { "\($0)" } ?? "")"
        let hash = text.utf8.reduce(UInt64(7)) { $0 &* 31 &+ UInt64($1) }
        guard hash % 3 != 0, let pin = PIN(digits: String(100_000 + hash % 900_000)) else { return .off }
        return .foreign(pin)
    }
}

extension NumberRecord.Identity {
    /// The identity as the vendor knows it: without a token that does not name the number.
    var naming: NumberRecord.Identity {
        var naming = self
        if !vendor.capabilities.tokenNamesNumber { naming.tokenMark = nil }
        return naming
    }
}
