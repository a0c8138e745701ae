/// What a text of the admitted part of YAML consists of, one token after the other, without a copy of the text.
///
/// A large file is read from it many times faster than from a tree of nodes, and in a fraction of the memory. It is made
/// for files in which everything is right: what is odd makes it doubtful, and then the parser is asked, which also
/// finds the words for what is wrong.
struct YAMLTape {
    /// What a token is. Every `mapping` and sequence has its `end`; a `key` is followed by its value unless that is absent.
    enum Kind: UInt8 {
        case mapping
        case blockSequence
        case flowSequence
        case end
        /// The `-` of a block sequence.
        case item
        case key
        case scalar
    }

    /// How a scalar is written.
    enum Style: UInt8 {
        case plain
        case singleQuoted
        case doubleQuoted
    }

    struct Token {
        var kind: Kind
        var style = Style.plain
        /// From 1.
        let line: UInt32
        /// The bytes of a scalar, without its quotes.
        let start: UInt32
        let end: UInt32

        /// The first byte, which is the quote of a quoted scalar.
        var first: Int { style == .plain ? Int(start) : Int(start) - 1 }
        var range: Range<Int> { Int(start)..<Int(end) }
    }

    /// The longest text whose places fit into a token.
    static let longestText = Int(UInt32.max)
    /// How far behind its beginning the colon of a key is looked for; the parser's own limit is 1024.
    private static let longestKey = 1000

    private(set) var tokens: [Token] = []
    /// Whether there is something that the parser may read in another way.
    var isDoubtful = false

    mutating func begin(_ kind: YAMLScan.Kind, at index: Int, line: Int) {
        switch kind {
        case .blockMapping, .flowMapping: append(.mapping, index, index, line)
        case .blockSequence: append(.blockSequence, index, index, line)
        case .flowSequence: append(.flowSequence, index, index, line)
        }
    }

    mutating func end(at index: Int, line: Int) { append(.end, index, index, line) }

    mutating func item(at index: Int, line: Int) { append(.item, index, index, line) }

    /// A scalar; `range` is what stands between its quotes, and `start` its first byte.
    mutating func scalar(
        _ range: Range<Int>, in bytes: UnsafeBufferPointer<UInt8>, start: Int, line: Int, isInBrackets: Bool = false
    ) {
        guard start == range.lowerBound else {
            let style = bytes[start] == Byte.quote ? Style.singleQuoted : .doubleQuoted
            append(.scalar, range.lowerBound, range.upperBound, line, style)
            return
        }
        var end = range.upperBound
        while end > start, bytes[end - 1] == Byte.space { end -= 1 }
        if Self.isOdd(bytes, start..<end, isInBrackets: isInBrackets) { isDoubtful = true }
        append(.scalar, start, end, line)
    }

    /// The scalar before a colon is a key.
    mutating func turnIntoKey(colon: Int, line: Int) {
        guard let last = tokens.indices.last, tokens[last].kind == .scalar, Int(tokens[last].line) == line,
            colon - tokens[last].first <= Self.longestKey
        else {
            isDoubtful = true
            return
        }
        tokens[last].kind = .key
    }

    private mutating func append(_ kind: Kind, _ start: Int, _ end: Int, _ line: Int, _ style: Style = .plain) {
        tokens.append(
            Token(
                kind: kind, style: style, line: UInt32(truncatingIfNeeded: line),
                start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end)))
    }

    /// Whether a plain scalar has an indicator in a place where YAML's rules are easily misread.
    private static func isOdd(
        _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, isInBrackets: Bool
    ) -> Bool {
        guard let first = range.first else { return true }
        switch bytes[first] {
        case Byte.colon, Byte.dash: return true
        default: break
        }
        guard isInBrackets else { return false }
        return bytes[range].contains(UInt8(ascii: "?"))
            || range.contains { bytes[$0] == Byte.colon && $0 + 1 < bytes.count && isBracket(bytes[$0 + 1]) }
    }

    private static func isBracket(_ byte: UInt8) -> Bool {
        switch byte {
        case Byte.comma, Byte.openBracket, Byte.closeBracket, Byte.openBrace, Byte.closeBrace: true
        default: false
        }
    }
}
