/// Holds back a desired state that would weaken too much of the fleet at once: most likely a mistake.
public struct WeakeningGuard: Hashable, Sendable {
    /// Fleets of fewer managed numbers are not guarded: one number is a large share of them.
    public static let smallestFleet = 5

    /// The share of managed numbers, in per cent, that one new desired state may disable or drop; nil lifts the limit.
    public let maximumPercent: Int?

    public init(maximumPercent: Int?) {
        self.maximumPercent = maximumPercent
    }

    /// What a new desired state would take away, when that is more than may be.
    ///
    /// - Parameters:
    ///   - managed: the numbers in the desired state in force.
    ///   - disabled: those of them that are to be enabled now and would be disabled.
    ///   - dropped: those of them that the new state does not name.
    public func weakening(managed: Int, disabled: Int, dropped: Int) -> Weakening? {
        guard let maximumPercent, managed >= Self.smallestFleet,
            (disabled + dropped) * 100 > maximumPercent * managed
        else { return nil }
        return Weakening(managed: managed, disabled: disabled, dropped: dropped, maximumPercent: maximumPercent)
    }

    /// The same, by comparing the entries in force with those of a new desired state.
    public func weakening(
        from inForce: [DesiredNumber], to state: [DesiredNumber]
    ) -> Weakening? {
        let wanted = Dictionary(state.map { ($0.number, $0.verification) }, uniquingKeysWith: { first, _ in first })
        return weakening(
            managed: inForce.count,
            disabled: inForce.count { $0.verification == .enabled && wanted[$0.number] == .disabled },
            dropped: inForce.count { wanted[$0.number] == nil })
    }
}

/// What a desired state that is held would take away.
public struct Weakening: Hashable, Sendable, CustomStringConvertible {
    public let managed: Int
    public let disabled: Int
    public let dropped: Int
    public let maximumPercent: Int

    /// The reason why it is held, in words.
    public var description: String {
        let parts = [
            disabled > 0 ? "disable \(disabled)" : nil, dropped > 0 ? "drop \(dropped)" : nil,
        ].compactMap { $0 }
        let share = (disabled + dropped) * 100 / managed
        return "it would \(parts.joined(separator: " and ")) of \(managed) managed numbers (\(share) %), "
            + "more than max_weakened_percent (\(maximumPercent) %)"
    }
}

/// A valid desired state that was not taken into force: it waits for an operator's acceptance.
public struct HeldState: Hashable, Sendable {
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits: what `accept` names.
    public let sha256: String
    public let weakening: Weakening
    /// Numbers of it that are not managed yet.
    public let added: [PhoneNumber]

    public init(sha256: String, weakening: Weakening, added: [PhoneNumber]) {
        self.sha256 = sha256
        self.weakening = weakening
        self.added = added
    }
}

/// How the store answered to a desired state.
public enum AdoptionResult: Hashable, Sendable {
    case adopted(Adoption)
    case held(HeldState)
}
