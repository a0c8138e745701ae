/// A text and its tape: what the tokens say.
struct TapeText {
    typealias Token = YAMLTape.Token

    let bytes: UnsafeBufferPointer<UInt8>
    let tokens: [Token]

    /// The text's tokens; nil when only the parser can judge it, or when it is not one mapping.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let tape = YAMLScan.tape(of: bytes), tape.tokens.first?.kind == .mapping else { return nil }
        self.bytes = bytes
        tokens = tape.tokens
        guard after(0) == tokens.count else { return nil }
    }

    /// The token behind the value that begins at `index`.
    func after(_ index: Int) -> Int {
        var depth = 0
        var index = index
        repeat {
            switch tokens[index].kind {
            case .mapping, .blockSequence, .flowSequence: depth += 1
            case .end: depth -= 1
            case .item, .key, .scalar: break
            }
            index += 1
        } while depth > 0 && index < tokens.count
        return index
    }

    /// Where the pairs of the mapping at `index` are: the tokens of their keys, each with its value behind it.
    ///
    /// - Returns: nil when a value is absent or something else stands there.
    func keys(of index: Int) -> [Int]? {
        guard tokens[index].kind == .mapping else { return nil }
        var keys: [Int] = []
        var next = index + 1
        while tokens[next].kind == .key {
            guard isValue(next + 1) else { return nil }
            keys.append(next)
            next = after(next + 1)
        }
        return tokens[next].kind == .end ? keys : nil
    }

    private func isValue(_ index: Int) -> Bool {
        switch tokens[index].kind {
        case .mapping, .blockSequence, .flowSequence, .scalar: true
        case .end, .item, .key: false
        }
    }

    // MARK: - Scalars

    /// Whether a scalar stands in the file as exactly these bytes, quotes apart.
    func says(_ index: Int, _ word: [UInt8]) -> Bool {
        let range = tokens[index].range
        return range.count == word.count && bytes[range].elementsEqual(word)
    }

    /// The text of a scalar; nil when it has an escape that is seldom used.
    func string(_ index: Int) -> String? {
        let token = tokens[index]
        let content = UnsafeBufferPointer(rebasing: bytes[token.range])
        switch token.style {
        case .plain: break
        case .singleQuoted where content.contains(Byte.quote): return Self.joiningQuotes(content)
        case .doubleQuoted where content.contains(Byte.backslash): return Self.unescaped(content)
        case .singleQuoted, .doubleQuoted: break
        }
        return String(decoding: content, as: UTF8.self)
    }

    /// What a scalar is, without making a text of what is plainly one.
    func kind(_ index: Int) -> ScalarKind {
        let token = tokens[index]
        guard token.style == .plain else { return .text }
        let first = bytes[token.range.lowerBound] | 0x20
        // Only the words for nothing, true and false begin with a letter and are no text.
        if (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first), !(4...5).contains(token.range.count) {
            return .text
        }
        return ScalarKind(plain: String(decoding: bytes[token.range], as: UTF8.self))
    }

    /// In single quotes, a quote is written twice.
    private static func joiningQuotes(_ content: UnsafeBufferPointer<UInt8>) -> String {
        var text: [UInt8] = []
        var index = 0
        while index < content.count {
            text.append(content[index])
            index += content[index] == Byte.quote ? 2 : 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The escapes that JSON shares with YAML, as far as they stand for something that can be seen.
    private static func unescaped(_ content: UnsafeBufferPointer<UInt8>) -> String? {
        var text: [UInt8] = []
        var index = 0
        while index < content.count {
            guard content[index] == Byte.backslash else {
                text.append(content[index])
                index += 1
                continue
            }
            guard index + 1 < content.count else { return nil }
            switch content[index + 1] {
            case Byte.doubleQuote, Byte.backslash, UInt8(ascii: "/"):
                text.append(content[index + 1])
                index += 2
            case UInt8(ascii: "u") where index + 6 <= content.count:
                let digits = String(decoding: content[index + 2..<index + 6], as: UTF8.self)
                guard digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
                    let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init), scalar.value >= 0xA0
                else { return nil }
                text += UTF8.encode(scalar).map(Array.init) ?? []
                index += 6
            default: return nil
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
