/// Holds a desired state that is most likely a mistake until an operator accepts it: one that would weaken much of the
/// fleet at once, and the first one of a new store, because the fleet may have another store.
public struct DesiredStateGuard: Hashable, Sendable {
    /// The smallest fleet that is guarded: in smaller ones a single number is a large share.
    public static let smallestFleet = 5

    /// The share of managed numbers, in per cent, that one new desired state may disable or drop; nil lifts the limit.
    public let maximumPercent: Int?
    /// True when the first fleet of a store that has never had a number needs an operator's acceptance.
    public let holdsNewStore: Bool

    /// A guard that holds nothing.
    public static let none = DesiredStateGuard(maximumPercent: nil, holdsNewStore: false)

    public init(maximumPercent: Int?, holdsNewStore: Bool = true) {
        self.maximumPercent = maximumPercent
        self.holdsNewStore = holdsNewStore
    }

    /// Returns the reason to hold a new desired state; nil when it may be adopted.
    ///
    /// - Parameters:
    ///   - difference: the difference between the state in force and the new one.
    ///   - isNewStore: true when the store has never had a number.
    public func reason(toHold difference: DesiredStateDifference, isNewStore: Bool) -> HeldReason? {
        if isNewStore, holdsNewStore, difference.added.count >= Self.smallestFleet {
            return .newStore(numbers: difference.added.count)
        }
        let (managed, dropped) = (difference.managed, difference.removed.count)
        guard let maximumPercent, managed >= Self.smallestFleet,
            (difference.disabled + dropped) * 100 > maximumPercent * managed
        else { return nil }
        return .weakening(
            Weakening(managed: managed, disabled: difference.disabled, dropped: dropped, maximumPercent: maximumPercent)
        )
    }
}

/// The reason why a desired state is held.
public enum HeldReason: Hashable, Sendable, CustomStringConvertible {
    /// The state would weaken the fleet.
    case weakening(Weakening)
    /// The store has never had a number, and would adopt this many.
    case newStore(numbers: Int)

    /// The reason in words.
    public var description: String {
        switch self {
        case .weakening(let weakening): weakening.description
        case .newStore(let numbers):
            "this store is new, and would take over \(numbers.counted("number")) and replace their PINs: if there was a store "
                + "before, it is not here (is its volume mounted, and state_directory right?)"
        }
    }

    /// The consequence in words: the desired state that stays in force instead.
    public var consequence: String {
        switch self {
        case .weakening: "the last good state stays in force"
        case .newStore: "nothing is in force, and nothing is sent"
        }
    }
}

/// The weakening that a held desired state would cause.
public struct Weakening: Hashable, Sendable, CustomStringConvertible {
    public let managed: Int
    public let disabled: Int
    public let dropped: Int
    public let maximumPercent: Int

    /// Creates a weakening from its counts and the limit that they exceed.
    public init(managed: Int, disabled: Int, dropped: Int, maximumPercent: Int) {
        self.managed = managed
        self.disabled = disabled
        self.dropped = dropped
        self.maximumPercent = maximumPercent
    }

    /// The reason for the hold, in words.
    public var description: String {
        let parts = [
            disabled > 0 ? "disable \(disabled)" : nil, dropped > 0 ? "drop \(dropped)" : nil,
        ].compactMap { $0 }
        let share = (disabled + dropped) * 100 / managed
        return "it would \(parts.joined(separator: " and ")) of \(managed.counted("managed number")) (\(share) %), "
            + "more than max_weakened_percent (\(maximumPercent) %)"
    }
}
