/// Generates new PINs: uniform over all six-digit PINs that are not easy to guess.
public enum PINGenerator {
    /// The count of a number's newest PINs that are never used again.
    public static let remembered = 10

    /// Returns a new PIN for `number`, uniform over the PINs that ``isAllowed(_:for:recent:)`` permits.
    ///
    /// The first digit is never 0, because the vendor's documentation calls the PIN a number. Draws are repeated until
    /// one is allowed. About 1 in 900 PINs is barred, so the loop is short, and only a broken generator can reach its
    /// bound.
    public static func make(
        for number: PhoneNumber, recent: [PIN], using random: inout some RandomNumberGenerator
    ) -> PIN {
        for _ in 0..<10_000 {
            let candidate = PIN(value: UInt32.random(in: 100_000...999_999, using: &random))
            if isAllowed(candidate, for: number, recent: recent) { return candidate }
        }
        preconditionFailure("the random number generator gave 10,000 barred PINs in a row")
    }

    /// Returns whether `pin` may be generated for `number`.
    ///
    /// Barred: a first digit 0, one digit repeated, a run up or down (also past 9 and 0), a pair repeated three times,
    /// a triple repeated twice, the number's last six digits, and any of `recent`.
    public static func isAllowed(_ pin: PIN, for number: PhoneNumber, recent: [PIN]) -> Bool {
        let digits = pin.reveal().utf8.map { Int($0) - 48 }
        guard digits[0] != 0 else { return false }
        return !isWeak(pin) && !number.description.hasSuffix(pin.reveal()) && !recent.contains(pin)
    }

    /// Returns whether `pin` is easy to guess: one digit repeated, a run, a repeated pair or a repeated triple.
    public static func isWeak(_ pin: PIN) -> Bool {
        let digits = pin.reveal().utf8.map { Int($0) - 48 }
        let steps = zip(digits, digits.dropFirst()).map { ($1 - $0 + 10) % 10 }
        let isRun = steps.allSatisfy { $0 == 1 } || steps.allSatisfy { $0 == 9 }
        let isPairs = digits[0...1] == digits[2...3] && digits[0...1] == digits[4...5]
        let isTriples = digits[0...2] == digits[3...5]
        // One digit repeated is also a repeated pair.
        return isRun || isPairs || isTriples
    }
}
