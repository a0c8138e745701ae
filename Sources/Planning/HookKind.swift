/// What other systems can be told of.
public enum HookKind: String, Hashable, Sendable, CaseIterable {
    /// A new PIN is live.
    case rotated
    /// A number that should be enabled may be off, and a request to change that was not accepted.
    case exposed
    /// Three requests in a row for one number were not accepted.
    case failed
    /// A number of which `exposed` or `failed` was told is as desired again.
    case recovered
    /// A desired state would weaken the fleet and waits for an operator's acceptance.
    case held
    /// The desired-state file is not valid; the last good state stays in force.
    case invalid
    /// An endpoint failed for several numbers in a row.
    case endpointDown = "endpoint_down"
    /// An endpoint answers again.
    case endpointUp = "endpoint_up"
    /// A number left the desired state while it was exposed by us.
    case leftExposed = "left_exposed"
    /// Somebody looked at a PIN.
    case revealed
    /// The store was found to be an older copy of itself.
    case restored
    /// The wall clock is behind what the store has recorded.
    case clockBehind = "clock_behind"

    /// How many requests in a row are not accepted before `failed` is told.
    public static let failuresToTell = 3

    /// What happened, in words.
    public var sentence: String {
        switch self {
        case .rotated: "a new PIN is live"
        case .exposed: "it may be without two-step verification, and enabling it fails"
        case .failed: "several requests in a row were not accepted"
        case .recovered: "it is as desired again"
        case .held: "a desired state that weakens the fleet waits to be accepted"
        case .invalid: "the desired-state file is not valid, the last good one stays in force"
        case .endpointDown: "an endpoint is down"
        case .endpointUp: "an endpoint answers again"
        case .leftExposed: "it left the desired state while it was disabled by us"
        case .revealed: "somebody looked at its PIN"
        case .restored: "the store was restored from an older copy"
        case .clockBehind: "the clock is behind what was recorded"
        }
    }
}
