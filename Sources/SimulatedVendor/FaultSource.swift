/// Draws faults: from a script first, then by probability, from a seeded generator, so that a run can be repeated.
struct FaultSource: Sendable {
    private(set) var probabilities: [Fault: Double] = [:]
    private var script: [Line] = []
    private var random: SeededGenerator

    /// One request's fault; for one token's next request, or for the next request of all.
    private struct Line {
        let token: String?
        let fault: Fault?
    }

    init(seed: UInt64) { random = SeededGenerator(seed: seed) }

    /// The longest script that is kept.
    static let longestScript = 10_000

    /// Sets the probability of each fault. One request meets one fault at most, so their sum is at most 1.
    mutating func setProbabilities(_ probabilities: [Fault: Double]) {
        precondition(Self.areProbabilities(probabilities), "probabilities are 0 to 1, and their sum is at most 1")
        self.probabilities = probabilities
    }

    /// Whether each value is 0 to 1 and the sum at most 1, but for rounding.
    static func areProbabilities(_ probabilities: [Fault: Double]) -> Bool {
        probabilities.values.allSatisfy { (0...1).contains($0) } && probabilities.values.reduce(0, +) <= 1 + 1e-9
    }

    /// The next requests meet these faults, one each; nil is a healthy request.
    mutating func append(_ faults: [Fault?], token: String?) {
        script = Array((script + faults.map { Line(token: token, fault: $0) }).prefix(Self.longestScript))
    }

    /// The fault that a request with `token` meets.
    mutating func next(token: String?) -> Fault? {
        if let line = script.firstIndex(where: { $0.token == nil || $0.token == token }) {
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
