import Planning

/// Remembers where each value stood that may stand only once.
struct UniquenessChecker {
    private var numbers: [PhoneNumber: Int] = [:]
    private var labels: [String: Int] = [:]
    private var tokenNames: [String: Int] = [:]
    private var tokens: [Token: (name: String, line: Int)] = [:]

    /// The line of the earlier occurrence of a number, if there is one; otherwise this one is remembered.
    mutating func earlierLine(ofNumber number: PhoneNumber, at position: Findings.Position) -> Int? {
        Self.earlier(&numbers, number, position)
    }

    mutating func earlierLine(ofLabel label: String, at position: Findings.Position) -> Int? {
        Self.earlier(&labels, label, position)
    }

    mutating func earlierLine(ofTokenName name: String, at position: Findings.Position) -> Int? {
        Self.earlier(&tokenNames, name, position)
    }

    mutating func earlierName(
        ofToken token: Token, name: String, at position: Findings.Position
    ) -> (name: String, line: Int)? {
        if let earlier = tokens[token] { return earlier }
        tokens[token] = (name, position.line)
        return nil
    }

    private static func earlier<Value: Hashable>(
        _ seen: inout [Value: Int], _ value: Value, _ position: Findings.Position
    ) -> Int? {
        if let line = seen[value] { return line }
        seen[value] = position.line
        return nil
    }
}
