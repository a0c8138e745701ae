/// What can go wrong with one request.
public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// The connection is closed, and new ones are refused for a moment.
    case refuseConnection
    /// The connection is closed before the request is carried out.
    case closeBefore
    /// The request is carried out and the connection closed without an answer.
    case closeAfter
    /// The connection is closed, and the request is carried out a while later.
    case landLate
    /// The request is carried out and answered late.
    case slow
    /// The request is neither carried out nor answered.
    case hang
    /// HTTP 500, not carried out.
    case serverErrorBefore
    /// HTTP 502, carried out.
    case serverErrorAfter
    /// HTTP 200 with a page instead of JSON, carried out.
    case html
    /// The answer breaks off in its middle, carried out.
    case truncated
    /// The answer is larger than any client should read, carried out.
    case oversized
    /// `status` is a string; carried out.
    case statusAsString
    /// HTTP 429 with `Retry-After: 1`, not carried out.
    case tooManyRequests
    /// Body status 101, not carried out.
    case serviceUnavailable
    /// Body status 401, not carried out.
    case authRefused
    /// Enable is refused with body status 404; a disable is carried out.
    case refuseEnable
    /// Disable is refused with body status 404; an enable is carried out.
    case refuseDisable

    /// Whether the vendor carries the request out, now or later, under this fault (refusals depend on the action).
    var isCarriedOut: Bool {
        switch self {
        case .closeAfter, .landLate, .slow, .serverErrorAfter, .html, .truncated, .oversized, .statusAsString: true
        case .refuseConnection, .closeBefore, .hang, .serverErrorBefore, .tooManyRequests, .serviceUnavailable,
            .authRefused, .refuseEnable, .refuseDisable:
            false
        }
    }

    /// Every fault at `probability`, or at as much as they can share, since one request meets one fault at most.
    public static func every(_ probability: Double) -> [Fault: Double] {
        let each = min(probability, 1 / Double(allCases.count))
        return Dictionary(uniqueKeysWithValues: allCases.map { ($0, each) })
    }

    /// Reads `closeAfter=0.05`.
    public static func parse(_ text: String) throws(SimulationError) -> (Fault, Double) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, let fault = Fault(rawValue: name) else { throw .fault(parts.first ?? text) }
        return (fault, try probability(parts.count == 2 ? parts[1] : "1"))
    }

    /// Reads a number from 0 to 1.
    public static func probability(_ text: String) throws(SimulationError) -> Double {
        guard let value = Double(text), (0...1).contains(value) else { throw .probability(text) }
        return value
    }
}
