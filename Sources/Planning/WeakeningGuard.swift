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

    /// What a new desired state would take away, or take over without knowing it, when that is not for the daemon to
    /// decide.
    ///
    /// Another part of the fleet is held whatever the limit is, unless it drops nothing and everything in it is known:
    /// a mistyped shard would leave numbers to nobody, and reset others behind the back of the store that has them.
    ///
    /// - Parameters:
    ///   - managed: the numbers in the desired state in force.
    ///   - disabled: those of them that are to be enabled now and would be disabled.
    ///   - dropped: those of them that the new state does not name.
    ///   - shardChange: nil while the part of the fleet stays as it was.
    public func weakening(
        managed: Int, disabled: Int, dropped: Int, shardChange: ShardChange?
    ) -> Weakening? {
        guard let shardChange, dropped > 0 || shardChange.unknown > 0 else {
            return weakening(managed: managed, disabled: disabled, dropped: dropped)
        }
        return Weakening(
            managed: managed, disabled: disabled, dropped: dropped, maximumPercent: maximumPercent ?? 100,
            shardChange: shardChange)
    }

    /// The same, by comparing the entries in force with those of a new desired state.
    public func weakening(
        from inForce: [DesiredNumber], to state: [DesiredNumber], shardChange: ShardChange? = nil
    ) -> Weakening? {
        let wanted = Dictionary(state.map { ($0.number, $0.verification) }, uniquingKeysWith: { first, _ in first })
        return weakening(
            managed: inForce.count,
            disabled: inForce.count { $0.verification == .enabled && wanted[$0.number] == .disabled },
            dropped: inForce.count { wanted[$0.number] == nil }, shardChange: shardChange
        )
    }
}

/// What a desired state that is held would take away.
public struct Weakening: Hashable, Sendable, CustomStringConvertible {
    public let managed: Int
    public let disabled: Int
    public let dropped: Int
    public let maximumPercent: Int
    /// The change of the part of the fleet that it comes from; nil when the file alone weakens.
    public var shardChange: ShardChange?

    /// The reason why it is held, in words.
    public var description: String {
        if let shardChange { return description(of: shardChange) }
        let parts = [
            disabled > 0 ? "disable \(disabled)" : nil, dropped > 0 ? "drop \(dropped)" : nil,
        ].compactMap { $0 }
        let share = (disabled + dropped) * 100 / managed
        return "it would \(parts.joined(separator: " and ")) of \(managed) managed numbers (\(share) %), "
            + "more than max_weakened_percent (\(maximumPercent) %)"
    }

    private func description(of change: ShardChange) -> String {
        let parts = [
            disabled > 0 ? "disable \(disabled)" : nil,
            dropped > 0 ? "drop \(dropped) of \(managed) managed numbers, for other shards to take over" : nil,
            change.unknown > 0 ? "reset \(change.unknown) that this store does not know" : nil,
        ].compactMap { $0 }
        let what =
            change.from.map { "the shard changes from \($0) to \(change.to)" } ?? "it begins as shard \(change.to)"
        let advice = change.unknown > 0 ? " (`twostepd move in` keeps the PINs that another store has)" : ""
        return "\(what): it would \(parts.joined(separator: " and "))\(advice)"
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
