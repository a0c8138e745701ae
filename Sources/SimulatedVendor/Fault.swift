/// A fault that one request can meet.
public enum Fault: String, Hashable, Sendable, CaseIterable {
    /// The connection is closed, and new ones are refused for a moment.
    case refuseConnection
    /// The connection is closed before the request is carried out.
    case closeBefore
    /// The request is carried out and the connection closed without an answer.
    case closeAfter
    /// The connection is closed, and the request is carried out later.
    case landLate
    /// The request is carried out, and its answer is delayed.
    case slow
    /// The request is neither carried out nor answered.
    case hang
    /// HTTP 500, in WhatsApp's API with code 1; not carried out.
    case serverErrorBefore
    /// HTTP 502, carried out.
    case serverErrorAfter
    /// HTTP 200 with a page instead of JSON, carried out.
    case html
    /// The answer ends in the middle, carried out.
    case truncated
    /// The answer is larger than any client should read, carried out.
    case oversized
    /// `status` is a string, if the API has a status; carried out.
    case statusAsString
    /// HTTP 429 with `Retry-After`, by default of one second, in WhatsApp's API with code 130429; not carried out.
    case tooManyRequests
    /// Body status 101, or code 2 with HTTP 503; not carried out.
    case serviceUnavailable
    /// Body status 401, or code 190; not carried out.
    case authRefused
    /// Enable is refused with body status 404, or code 133010; a disable or an observation is carried out.
    case refuseEnable
    /// Disable is refused with body status 404; an enable or an observation is carried out.
    case refuseDisable
    /// An HTTP status of 400 to 499 that proxies send for requests that were carried out, with a page, from
    /// ``SimulatedVendor/Options/statusesAfter``; carried out.
    case statusAfter
    /// Body status or code 133016: the number is blocked for hours after too many attempts. Only observations are
    /// carried out.
    case blocked
    /// The answer has neither a length nor chunks and ends with its connection; carried out.
    case uncleanEnd

    /// True when the vendor carries the request out, now or later, under this fault (refusals depend on the action).
    var isCarriedOut: Bool {
        switch self {
        case .closeAfter, .landLate, .slow, .serverErrorAfter, .html, .truncated, .oversized, .statusAsString,
            .statusAfter, .uncleanEnd:
            true
        case .refuseConnection, .closeBefore, .hang, .serverErrorBefore, .tooManyRequests, .serviceUnavailable,
            .authRefused, .refuseEnable, .refuseDisable, .blocked:
            false
        }
    }

    /// Returns every fault with `probability`, or with an equal share of 1 if that is less: one request meets at most
    /// one fault.
    public static func every(_ probability: Double) -> [Fault: Double] {
        let each = min(probability, 1 / Double(allCases.count))
        return Dictionary(uniqueKeysWithValues: allCases.map { ($0, each) })
    }

    /// Parses `closeAfter=0.05`.
    public static func parse(_ text: String) throws(SimulationError) -> (Fault, Double) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = parts.first, let fault = Fault(rawValue: name) else { throw .fault(parts.first ?? text) }
        return (fault, try probability(parts.count == 2 ? parts[1] : "1"))
    }

    /// Parses a number from 0 to 1.
    public static func probability(_ text: String) throws(SimulationError) -> Double {
        guard let value = Double(text), (0...1).contains(value) else { throw .probability(text) }
        return value
    }
}

/// Draws faults: from a script first, then by probability, from a seeded generator, so that a run can be repeated.
struct FaultSource: Sendable {
    private(set) var probabilities: [Fault: Double] = [:]
    private var script: [Line] = []
    private var random: SeededGenerator

    /// The fault of one request: the next one that names this number, or the next of all when `name` is nil.
    private struct Line {
        let name: String?
        let fault: Fault?
    }

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The maximum length of the script.
    static let maxScriptLength = 10_000

    /// Sets the probability of each fault. Their sum is at most 1, because one request meets at most one fault.
    mutating func setProbabilities(_ probabilities: [Fault: Double]) {
        precondition(Self.areProbabilities(probabilities), "probabilities are 0 to 1, and their sum is at most 1")
        self.probabilities = probabilities
    }

    /// Returns whether each value is 0 to 1 and the sum at most 1, apart from rounding.
    static func areProbabilities(_ probabilities: [Fault: Double]) -> Bool {
        probabilities.values.allSatisfy { (0...1).contains($0) } && probabilities.values.reduce(0, +) <= 1 + 1e-9
    }

    /// Appends the faults of the next requests, one each; nil is a healthy request.
    mutating func append(_ faults: [Fault?], name: String?) {
        script = Array((script + faults.map { Line(name: name, fault: $0) }).prefix(Self.maxScriptLength))
    }

    /// Returns the fault of a request that names a number by `name`.
    mutating func next(name: String?) -> Fault? {
        if let line = script.firstIndex(where: { $0.name == nil || $0.name == name }) {
            return script.remove(at: line).fault
        }
        guard !probabilities.isEmpty else { return nil }
        var draw = Double.random(in: 0..<1, using: &random)
        for fault in Fault.allCases {
            guard let probability = probabilities[fault] else { continue }
            if draw < probability { return fault }
            draw -= probability
        }
        return nil
    }
}

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
