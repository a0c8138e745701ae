/// How many numbers may be exposed by us at once: a slow start that doubles on success and collapses on trouble.
///
/// A vendor that accepts disable and then refuses enable can so expose a few numbers, never the fleet.
public struct ExposureBudget: Hashable, Sendable {
    /// The numbers that hold a place, by kind.
    public struct Places: Hashable, Sendable {
        private var counts: [Kind: Int] = [:]

        /// No place is held.
        public init() {}

        /// How many numbers hold a place of this kind.
        public subscript(kind: Kind) -> Int {
            get { counts[kind] ?? 0 }
            set { counts[kind] = newValue == 0 ? nil : newValue }
        }

        /// How many numbers hold a place of any kind.
        public var count: Int { counts.values.reduce(0, +) }
    }

    /// Why a number that we have exposed still holds a place.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Its cycle is under way.
        case open
        /// Its own enable was not accepted several times in a row, or the vendor limits its requests: it holds one place,
        /// and others go on.
        case stuck
        /// An operator paused it even though it is exposed.
        case paused
        /// It is enabled as far as its last answer goes; a disable of ours whose answer was lost may still be carried out.
        case unsettled

        /// What it means for `number`, which holds such a place, and the way out of it.
        public func sentence(for number: PhoneNumber) -> String {
            switch self {
            case .open: "\(number) is being reset"
            case .stuck:
                "\(number) cannot be enabled: see `twostepd status \(number)`; `twostepd pause \(number) --even-exposed` gives its "
                    + "place to others"
            case .paused: "\(number) is paused while it is exposed: `twostepd resume \(number)` has it enabled"
            case .unsettled:
                "\(number) is enabled; a disable without an answer may still be carried out, which settles by itself"
            }
        }
    }

    /// After so many requests in a row that were not accepted a number no longer keeps others from being reset.
    public static let attemptsUntilStuck = 3

    /// The most numbers exposed at once; nil lifts the limit.
    public let maximum: Int?
    /// How many cycles may be open just now, 1 to `maximum`.
    public private(set) var permitted: Int
    /// Cycles whose first enable was not accepted, since the last one that ended enabled.
    public private(set) var failuresInARow = 0
    /// No cycle starts before: several numbers in a row could not be enabled, so that it may be none of them.
    public private(set) var heldUntil: SteadyInstant?

    /// The wait after the second failure in a row; it doubles with each further one, up to ``longestHold``.
    public static let shortestHold: Duration = .seconds(60)
    public static let longestHold: Duration = .seconds(3600)

    /// A budget that permits so many numbers just now.
    public init(maximum: Int?, permitted: Int) {
        self.maximum = maximum
        self.permitted = permitted
    }

    /// A fresh budget: it permits one number.
    public init(maximum: Int?) {
        self.maximum = maximum
        permitted = 1
    }

    /// Whether one more cycle may start while these places are held.
    ///
    /// Only open cycles count against the slow start. One that is stuck takes a place of the maximum; numbers that are
    /// paused or unsettled take none of it, as long as there are fewer than the maximum of each.
    public func permitsCycle(_ places: Places, now: SteadyInstant) -> Bool {
        guard let maximum else { return true }
        guard heldUntil.map({ $0 <= now }) ?? true else { return false }
        return places[.open] < min(permitted, maximum) && places[.open] + places[.stuck] < maximum
            && places[.paused] < maximum && places[.unsettled] < maximum
    }

    /// A cycle of ours ended enabled. It `isClean` when disable and enable were each accepted at the first attempt.
    public mutating func cycleEnded(isClean: Bool) {
        failuresInARow = 0
        heldUntil = nil
        if isClean { permitted = min(permitted * 2, maximum ?? permitted) }
    }

    /// An operator ordered something: the next cycle is tried at once.
    public mutating func endHold() { heldUntil = nil }

    /// The first enable of a number that we have exposed was not accepted.
    ///
    /// One number that cannot be enabled is its own affair. When the next one cannot be either, it may be the vendor, and
    /// further ones are tried ever more rarely, until one of them is enabled.
    public mutating func enableFailed(now: SteadyInstant) {
        permitted = 1
        failuresInARow += 1
        guard failuresInARow >= 2 else { return }
        let hold = RetrySchedule.ceiling(
            attempts: failuresInARow - 1, minimum: Self.shortestHold, maximum: Self.longestHold)
        heldUntil = now.advanced(by: hold)
    }
}

extension NumberRecord {
    /// Which place of the exposure budget the number holds; nil when it holds none.
    public func place(fleetPause: Pause?) -> ExposureBudget.Kind? {
        guard cycle?.isOurs == true else { return nil }
        if !isExposed, case .on = lastAccepted { return .unsettled }
        if [pause, fleetPause].contains(where: { $0?.includesExposed == true }) { return .paused }
        // The vendor may ask to leave it alone for an hour, or blocks it for longer.
        let isLimited = retryAt != nil && (lastFailure == .rateLimited || lastFailure == .tooManyAttempts)
        return isLimited || attempts >= ExposureBudget.attemptsUntilStuck ? .stuck : .open
    }
}
