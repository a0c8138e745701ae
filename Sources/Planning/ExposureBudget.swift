/// How many numbers may be exposed by us at once: a slow start that doubles on success and collapses on trouble.
///
/// A vendor that accepts disable and then refuses enable can so expose one number, never the fleet.
public struct ExposureBudget: Hashable, Sendable {
    /// The most numbers exposed at once; nil lifts the limit.
    public let maximum: Int?
    /// What is permitted just now, 1 to `maximum`.
    public private(set) var permitted: Int

    /// A fresh budget: it permits one number.
    public init(maximum: Int?) {
        self.maximum = maximum
        permitted = 1
    }

    /// Whether one more cycle may start while `exposed` numbers are exposed.
    public func permitsCycle(exposed: Int) -> Bool {
        guard let maximum else { return true }
        return exposed < min(permitted, maximum)
    }

    /// A cycle ended well: disable and enable were each accepted at the first attempt.
    public mutating func cycleWasClean() {
        permitted = min(permitted * 2, maximum ?? permitted)
    }

    /// An enable of an exposed number was not accepted at once.
    public mutating func enableFailed() {
        permitted = 1
    }
}
