/// The invariants that hold at every instant; the names are those of the design.
public enum Invariant: String, Sendable, CaseIterable {
    /// The vendor's true state is in the durable belief.
    case truthIsBelieved = "I1"
    /// Every PIN that may be live is in the store and can be unsealed.
    case pinsAreKept = "I2"
    /// With a healthy vendor and a stable file every number reaches its desired state in a bounded number of requests.
    case converges = "I3"
    /// At most `max_exposed` numbers are exposed by us at once.
    case exposureIsBounded = "I4"
    /// No request is sent before its record is durable.
    case recordPrecedesRequest = "I5"
    /// No limit is ever exceeded.
    case limitsHold = "I6"
    /// A number that is not in the file in force causes no request.
    case onlyManagedNumbers = "I7"
    /// With a healthy vendor no PIN outlives its period.
    case pinsRotate = "I9"
    /// A change by an order or an adoption is never lost.
    case ordersAreKept = "I10"
    /// A correction of the clock costs a number at most one backoff.
    case clocksAreCorrected = "I11"
    /// One request in flight for each number, no refusal of the engine's writes by the store, every stop within its
    /// time.
    case housekeeping = "engine"
}

/// An invariant that did not hold.
struct Violation: Error {
    let invariant: Invariant
    let message: String

    init(_ invariant: Invariant, _ message: String) {
        self.invariant = invariant
        self.message = message
    }
}
