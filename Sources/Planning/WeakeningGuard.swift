/// Holds back a desired state that would weaken too much of the fleet at once: most likely a mistake.
public struct WeakeningGuard: Hashable, Sendable {
    /// Fleets of fewer managed numbers are not guarded: one number is a large share of them.
    public static let smallestFleet = 5

    /// The share of managed numbers, in per cent, that one new desired state may disable or drop; nil lifts the limit.
    public let maximumPercent: Int?

    public init(maximumPercent: Int?) {
        self.maximumPercent = maximumPercent
    }

    /// What a new desired state would weaken, when that is more than is permitted; nil when it is not.
    public func weakening(by difference: DesiredStateDifference) -> Weakening? {
        let (managed, dropped) = (difference.managed, difference.removed.count)
        guard let maximumPercent, managed >= Self.smallestFleet,
            (difference.disabled + dropped) * 100 > maximumPercent * managed
        else { return nil }
        return Weakening(
            managed: managed, disabled: difference.disabled, dropped: dropped, maximumPercent: maximumPercent)
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
        return "it would \(parts.joined(separator: " and ")) of \(managed) managed numbers (\(share) %), "
            + "more than max_weakened_percent (\(maximumPercent) %)"
    }
}
