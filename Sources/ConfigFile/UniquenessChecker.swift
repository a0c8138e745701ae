import Planning

/// Remembers the line of each value that may appear only once.
struct UniquenessChecker {
    private var numbers: [PhoneNumber: Int] = [:]
    private var labels = LinedTexts()
    private var tokenNames = LinedTexts()
    private var tokens = LinedTexts()
    /// The names of `tokens`, in the same order.
    private var namesOfTokens: [String] = []
    /// The values of tokens that do not name a number, so that many entries may share one.
    private var sharedTokens = LinedTexts()
    private var namesOfSharedTokens: [String] = []
    private var ids: [Identity: Int] = [:]

    /// The identity of a number that is named by its id.
    private struct Identity: Hashable {
        let id: PhoneNumberID
        let endpoint: Endpoint
    }

    /// Reserves room for this many entries, so that a large fleet is not moved over and over.
    mutating func reserve(_ count: Int) {
        numbers.reserveCapacity(count)
        labels.reserve(count)
        tokenNames.reserve(count)
        tokens.reserve(count)
        namesOfTokens.reserveCapacity(count)
    }

    /// Returns the line of an earlier occurrence of a number; without one, remembers this line and returns nil.
    mutating func earlierLine(ofNumber number: PhoneNumber, at position: Findings.Position) -> Int? {
        // Mostly there is no earlier one: then one lookup is enough.
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

    /// Returns the line of the token with this name, if it names a number.
    func ownLine(ofTokenName name: String) -> Int? { tokenNames.find(name)?.line }

    /// Returns the name and line of the token that names a number and has this value.
    func ownName(ofToken token: Token) -> (name: String, line: Int)? {
        tokens.find(token.reveal()).map { (namesOfTokens[$0.index], $0.line) }
    }

    /// Returns the name and line of the shared token that has this value.
    func sharedName(ofToken token: Token) -> (name: String, line: Int)? {
        guard sharedTokens.count > 0 else { return nil }
        return sharedTokens.find(token.reveal()).map { (namesOfSharedTokens[$0.index], $0.line) }
    }

    /// Remembers a shared token; of two names with one value the first is kept.
    mutating func addShared(_ token: Token, name: String, at position: Findings.Position) {
        if sharedTokens.earlier(token.reveal(), at: position) == nil { namesOfSharedTokens.append(name) }
    }

    /// Returns the line of an earlier entry with this identity; without one, remembers this line and returns nil.
    mutating func earlierLine(ofID id: PhoneNumberID, endpoint: Endpoint, at position: Findings.Position) -> Int? {
        let identity = Identity(id: id, endpoint: endpoint)
        if let earlier = ids[identity] { return earlier }
        ids[identity] = position.line
        return nil
    }
}

/// Texts, each with the line of its first occurrence.
struct LinedTexts {
    private(set) var texts = TextSet()
    private var lines: [UInt32] = []

    var count: Int { texts.count }

    mutating func reserve(_ count: Int) {
        texts.reserve(count)
        lines.reserveCapacity(count)
    }

    /// Returns the first occurrence of a text; nil when it has none.
    func find(_ text: String) -> (index: Int, line: Int)? {
        texts.index(of: text).map { ($0, Int(lines[$0])) }
    }

    /// Returns the first occurrence of a text; without one, remembers this one and returns nil.
    mutating func earlier(_ text: String, at position: Findings.Position) -> (index: Int, line: Int)? {
        if let index = texts.insert(text) { return (index, Int(lines[index])) }
        lines.append(UInt32(position.line))
        return nil
    }
}
