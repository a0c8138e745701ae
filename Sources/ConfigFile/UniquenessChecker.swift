import Planning

/// Remembers where each value stood that may stand only once.
struct UniquenessChecker {
    private var numbers: [PhoneNumber: Int] = [:]
    private var labels: [String: Int] = [:]
    private var tokenNames: [String: Int] = [:]
    private var tokens: [Token: (name: String, line: Int)] = [:]

    /// Makes room for so many entries, so that a large fleet is not moved over and over.
    mutating func reserve(_ count: Int) {
        numbers.reserveCapacity(count)
        labels.reserveCapacity(count)
        tokenNames.reserveCapacity(count)
        tokens.reserveCapacity(count)
    }

    /// The line of the earlier occurrence of a number, if there is one; otherwise this one is remembered.
    mutating func earlierLine(ofNumber number: PhoneNumber, at position: Findings.Position) -> Int? {
        Self.earlier(&numbers, number, position.line)
    }

    mutating func earlierLine(ofLabel label: String, at position: Findings.Position) -> Int? {
        Self.earlier(&labels, label, position.line)
    }

    mutating func earlierLine(ofTokenName name: String, at position: Findings.Position) -> Int? {
        Self.earlier(&tokenNames, name, position.line)
    }

    mutating func earlierName(
        ofToken token: Token, name: String, at position: Findings.Position
    ) -> (name: String, line: Int)? {
        Self.earlier(&tokens, token, (name, position.line))
    }

    /// The place of the earlier occurrence of a value; without one, `place` is remembered.
    private static func earlier<Value: Hashable, Place>(
        _ seen: inout [Value: Place], _ value: Value, _ place: Place
    ) -> Place? {
        // Mostly there is none: then one look is enough.
        guard let earlier = seen.updateValue(place, forKey: value) else { return nil }
        seen[value] = earlier
        return earlier
    }
}
