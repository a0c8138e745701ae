/// The budget of numbers that we may expose at once: a slow start that doubles on success and collapses on failure.
///
/// A vendor that accepts disable and then refuses enable can thus expose a few numbers, never the fleet.
public struct ExposureBudget: Hashable, Sendable {
    /// The numbers that hold a place, by kind.
    public struct Places: Hashable, Sendable {
        private var counts: [Kind: Int] = [:]

        /// Creates a count with no places held.
        public init() {}

        /// The count of numbers that hold a place of this kind.
        public subscript(kind: Kind) -> Int {
            get { counts[kind] ?? 0 }
            set { counts[kind] = newValue == 0 ? nil : newValue }
        }

        /// The count of numbers that hold a place of any kind.
        public var count: Int { counts.values.reduce(0, +) }
    }

    /// The reason why a number that we have exposed still holds a place.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// The number's cycle is under way.
        case open
        /// The number's own enable was not accepted several times in a row, or the vendor limits its requests. It holds
        /// one place, and other numbers continue.
        case stuck
        /// An operator paused the number even though it is exposed.
        case paused
        /// The number is enabled according to its last answer; our disable whose answer was lost may still be carried
        /// out.
        case unsettled

        /// Returns one sentence on the state of `number`, which holds such a place, and on the way to free the place.
        public func sentence(for number: PhoneNumber) -> String {
            switch self {
            case .open: "\(number) is being reset"
            case .stuck:
                "\(number) cannot be enabled: see `twostepd status \(number)`; `twostepd pause \(number) --even-exposed` gives its "
                    + "place to others"
            case .paused: "\(number) is paused while it is exposed: `twostepd resume \(number)` enables it"
            case .unsettled:
                "\(number) is enabled; a disable without an answer may still be carried out, which settles by itself"
            }
        }
    }

    /// The count of requests in a row that were not accepted after which a number no longer keeps others from being
    /// reset.
    public static let attemptsUntilStuck = 3

    /// The maximum count of numbers exposed at once; nil lifts the limit.
    public let maximum: Int?
    /// The count of cycles that may be open at present, 1 to `maximum`.
    public private(set) var permitted: Int
    /// The count of cycles whose first enable was not accepted, since the last cycle that ended enabled.
    public private(set) var failuresInARow = 0
    /// The instant before which no cycle starts: several numbers in a row could not be enabled, so the vendor may be
    /// the cause.
    public private(set) var heldUntil: SteadyInstant?

    /// The wait after the second failure in a row; it doubles with each further failure, up to ``maxHold``.
    public static let minHold: Duration = .seconds(60)
    public static let maxHold: Duration = .seconds(3600)

    /// Creates a budget that permits this many open cycles at present.
    public init(maximum: Int?, permitted: Int) {
        self.maximum = maximum
        self.permitted = permitted
    }

    /// Creates a budget that permits one number.
    public init(maximum: Int?) {
        self.maximum = maximum
        permitted = 1
    }

    /// Returns whether one more cycle may start while these places are held.
    ///
    /// Only open cycles count against the slow start. A stuck one takes a place of the maximum; paused and unsettled
    /// numbers take none, as long as there are fewer of each kind than the maximum.
    public func permitsCycle(_ places: Places, now: SteadyInstant) -> Bool {
        guard let maximum else { return true }
        guard heldUntil.map({ $0 <= now }) ?? true else { return false }
        return places[.open] < min(permitted, maximum) && places[.open] + places[.stuck] < maximum
            && places[.paused] < maximum && places[.unsettled] < maximum
    }

    /// Records that a cycle of ours ended enabled. It `isClean` when disable and enable were each accepted at the first
    /// attempt.
    public mutating func cycleEnded(isClean: Bool) {
        failuresInARow = 0
        heldUntil = nil
        if isClean { permitted = min(permitted * 2, maximum ?? permitted) }
    }

    /// Ends the hold after an operator's order: the next cycle is tried at once.
    public mutating func endHold() { heldUntil = nil }

    /// Records that the first enable of a number that we have exposed was not accepted.
    ///
    /// A single number that cannot be enabled is a problem of that number. When the next one cannot be enabled either,
    /// the vendor may be the cause, and further ones are tried at growing intervals until one of them is enabled.
    public mutating func enableFailed(now: SteadyInstant) {
        permitted = 1
        failuresInARow += 1
        guard failuresInARow >= 2 else { return }
        let hold = RetrySchedule.ceiling(
            attempts: failuresInARow - 1, minimum: Self.minHold, maximum: Self.maxHold)
        heldUntil = now.advanced(by: hold)
    }
}

extension NumberRecord {
    /// Returns the kind of place that the number holds in the exposure budget; nil when it holds none.
    public func place(fleetPause: Pause?) -> ExposureBudget.Kind? {
        guard cycle?.isOurs == true else { return nil }
        if !isExposed, case .on = lastAccepted { return .unsettled }
        if [pause, fleetPause].contains(where: { $0?.includesExposed == true }) { return .paused }
        // The vendor may set a Retry-After of an hour, or block the number for longer.
        let isLimited = retryAt != nil && (lastFailure == .rateLimited || lastFailure == .tooManyAttempts)
        return isLimited || attempts >= ExposureBudget.attemptsUntilStuck ? .stuck : .open
    }
}
