/// Holds back a desired state that is most likely a mistake, until an operator accepts it: one that would weaken much of the
/// fleet at once, and one that a new store would begin with, although the fleet may have another store.
public struct DesiredStateGuard: Hashable, Sendable {
    /// Fleets of fewer numbers are not guarded: one number is a large share of them.
    public static let smallestFleet = 5

    /// The share of managed numbers, in per cent, that one new desired state may disable or drop; nil lifts the limit.
    public let maximumPercent: Int?
    /// Whether a store that has never had a number takes over no fleet unasked.
    public let holdsNewStore: Bool

    /// A guard that holds nothing back.
    public static let none = DesiredStateGuard(maximumPercent: nil, holdsNewStore: false)

    public init(maximumPercent: Int?, holdsNewStore: Bool = true) {
        self.maximumPercent = maximumPercent
        self.holdsNewStore = holdsNewStore
    }

    /// Why a new desired state is held; nil when it is not.
    ///
    /// - Parameters:
    ///   - difference: from the state in force to the new one.
    ///   - isNewStore: whether the store has never had a number.
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

/// Why a desired state is held.
public enum HeldReason: Hashable, Sendable, CustomStringConvertible {
    /// It would weaken the fleet.
    case weakening(Weakening)
    /// The store has never had a number, and would take over so many.
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

    /// Words for the desired state that stays in force instead.
    public var consequence: String {
        switch self {
        case .weakening: "the last good state stays in force"
        case .newStore: "nothing is in force, and nothing is sent"
        }
    }
}

/// What a desired state that is held would take away.
public struct Weakening: Hashable, Sendable, CustomStringConvertible {
    public let managed: Int
    public let disabled: Int
    public let dropped: Int
    public let maximumPercent: Int

    /// The counts, and the limit that they pass.
    public init(managed: Int, disabled: Int, dropped: Int, maximumPercent: Int) {
        self.managed = managed
        self.disabled = disabled
        self.dropped = dropped
        self.maximumPercent = maximumPercent
    }

    /// The reason why it is held, in words.
    public var description: String {
        let parts = [
            disabled > 0 ? "disable \(disabled)" : nil, dropped > 0 ? "drop \(dropped)" : nil,
        ].compactMap { $0 }
        let share = (disabled + dropped) * 100 / managed
        return "it would \(parts.joined(separator: " and ")) of \(managed.counted("managed number")) (\(share) %), "
            + "more than max_weakened_percent (\(maximumPercent) %)"
    }
}
