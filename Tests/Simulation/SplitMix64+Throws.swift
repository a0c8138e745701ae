import Dice

/// The random draws that a simulation needs.
extension SplitMix64 {
    /// Returns true with this probability.
    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &self) < probability
    }

    /// Returns a uniform whole number.
    mutating func int(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &self)
    }

    /// Returns one of `choices`, which is not empty.
    mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
        choices[Int.random(in: 0..<choices.count, using: &self)]
    }

    /// Returns milliseconds whose order of magnitude is uniform, so that short and long spans are both common.
    mutating func span(_ range: ClosedRange<Milliseconds>) -> Milliseconds {
        var (low, high) = (range.lowerBound, range.lowerBound)
        // Doublings instead of logarithms: floating point functions may differ between machines.
        var steps = 0
        while high < range.upperBound {
            high = min(range.upperBound, max(high * 2, 1))
            steps += 1
        }
        guard steps > 0 else { return low }
        for _ in 0..<int(0...(steps - 1)) { low = max(low * 2, 1) }
        return Milliseconds.random(in: low...min(range.upperBound, max(low * 2, 1)), using: &self)
    }
}

/// Milliseconds of simulated time.
typealias Milliseconds = Int64

extension Milliseconds {
    static let second: Milliseconds = 1000
    static let minute: Milliseconds = 60_000
    static let hour: Milliseconds = 3_600_000
    static let day: Milliseconds = 86_400_000
}
