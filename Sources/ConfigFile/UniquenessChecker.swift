import Planning

/// Remembers the line of each value that may appear only once.
struct UniquenessChecker {
    private var numbers: [PhoneNumber: Int] = [:]
    private var labels = LinedTexts()
    private var tokenNames = LinedTexts()
    private var tokens = LinedTexts()
    /// The names of `tokens`, in their order.
    private var namesOfTokens: [String] = []

    /// Makes room for so many entries, so that a large fleet is not moved over and over.
    mutating func reserve(_ count: Int) {
        numbers.reserveCapacity(count)
        labels.reserve(count)
        tokenNames.reserve(count)
        tokens.reserve(count)
        namesOfTokens.reserveCapacity(count)
    }

    /// The line of the earlier occurrence of a number, if there is one; otherwise this one is remembered.
    mutating func earlierLine(ofNumber number: PhoneNumber, at position: Findings.Position) -> Int? {
        // Mostly there is none: then one lookup is enough.
        guard let earlier = numbers.updateValue(position.line, forKey: number) else { return nil }
        numbers[number] = earlier
        return earlier
    }

    mutating func earlierLine(ofLabel label: String, at position: Findings.Position) -> Int? {
        labels.earlier(label, at: position)?.line
    }

    mutating func earlierLine(ofTokenName name: String, at position: Findings.Position) -> Int? {
        tokenNames.earlier(name, at: position)?.line
    }

    mutating func earlierName(
        ofToken token: Token, name: String, at position: Findings.Position
    ) -> (name: String, line: Int)? {
        if let earlier = tokens.earlier(token.reveal(), at: position) {
            return (namesOfTokens[earlier.index], earlier.line)
        }
        namesOfTokens.append(name)
        return nil
    }
}

/// Texts, each with the line on which it appeared first.
struct LinedTexts {
    private(set) var texts = TextSet()
    private var lines: [UInt32] = []

    var count: Int { texts.count }

    mutating func reserve(_ count: Int) {
        texts.reserve(count)
        lines.reserveCapacity(count)
    }

    /// The first occurrence of a text; without one, nil, and this one is remembered.
    mutating func earlier(_ text: String, at position: Findings.Position) -> (index: Int, line: Int)? {
        if let index = texts.insert(text) { return (index, Int(lines[index])) }
        lines.append(UInt32(position.line))
        return nil
    }
}
