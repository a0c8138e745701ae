/// One piece of Swift source.
struct Token: Equatable {
    enum Kind: Equatable {
        /// A name, a keyword, or a name in backticks (without them).
        case word
        case number
        /// A literal's text between the quotes; what is interpolated follows it as tokens of its own.
        case string
        /// Signs that stand together: `!=`, `->`, `?`.
        case sign
        /// One of `( ) { } [ ] , ; : . @ #`.
        case mark
    }

    let kind: Kind
    let text: String
    let line: Int
    /// Whether nothing, not even a space, is between this token and the one before.
    let isGlued: Bool
}

/// A comment, with the lines that it covers.
struct Comment: Equatable {
    let lines: ClosedRange<Int>
    let text: String

    /// Whether it documents what follows.
    var isDocumentation: Bool { text.hasPrefix("///") || text.hasPrefix("/**") }
}

/// Swift source taken apart just far enough for the rules: what is code, what is a comment, and what is in quotes.
struct SwiftTokens {
    private(set) var tokens: [Token] = []
    private(set) var comments: [Comment] = []

    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    /// Where the token before ended.
    private var lastEnd = -1

    init(_ source: String) {
        bytes = Array(source.utf8)
        scan(untilParenthesis: false)
    }

    // MARK: - Reading

    private func byte(_ offset: Int = 0) -> UInt8? {
        let position = index + offset
        return bytes.indices.contains(position) ? bytes[position] : nil
    }

    private func starts(with text: String) -> Bool { bytes[min(index, bytes.count)...].starts(with: text.utf8) }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
    }

    private mutating func add(_ kind: Token.Kind, _ text: String, from start: Int, line: Int) {
        tokens.append(Token(kind: kind, text: text, line: line, isGlued: start == lastEnd))
        lastEnd = index
    }

    /// Reads to the end, or to the parenthesis that closes an interpolation.
    private mutating func scan(untilParenthesis: Bool) {
        var depth = 0
        while let byte = byte() {
            if untilParenthesis {
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if depth == 0 { return }
                    depth -= 1
                }
            }
            step(byte)
        }
    }

    private mutating func step(_ byte: UInt8) {
        let (start, first) = (index, line)
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): advance()
        case UInt8(ascii: "/") where starts(with: "//"): lineComment()
        case UInt8(ascii: "/") where starts(with: "/*"): blockComment()
        case UInt8(ascii: "\""): string(hashes: 0)
        case UInt8(ascii: "#"): hash()
        case UInt8(ascii: "/") where beginsRegex: regex(hashes: 0)
        case UInt8(ascii: "`"):
            advance()
            while let byte = self.byte(), byte != UInt8(ascii: "`") { advance() }
            advance()
            add(.word, text(start + 1..<index - 1), from: start, line: first)
        case _ where Self.isWord(byte):
            while let byte = self.byte(), Self.isWord(byte) { advance() }
            let word = text(start..<index)
            add(word.first?.isNumber == true ? .number : .word, word, from: start, line: first)
        case _ where Self.marks.contains(byte):
            advance()
            add(.mark, text(start..<index), from: start, line: first)
        default:
            while let byte = self.byte(), Self.isSign(byte), !starts(with: "//"), !starts(with: "/*") { advance() }
            if index == start { advance() }
            add(.sign, text(start..<index), from: start, line: first)
        }
    }

    // MARK: - Comments

    private mutating func lineComment() {
        let start = index
        while let byte = byte(), byte != UInt8(ascii: "\n") { advance() }
        comments.append(Comment(lines: line...line, text: text(start..<index)))
    }

    private mutating func blockComment() {
        let (start, first) = (index, line)
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                advance(2)
            } else if starts(with: "*/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0 && index < bytes.count
        comments.append(Comment(lines: first...line, text: text(start..<index)))
    }

    // MARK: - Literals

    /// `#"…"#`, `#/…/#`, or a hash that begins a macro or a condition.
    private mutating func hash() {
        var count = 0
        while byte(count) == UInt8(ascii: "#") { count += 1 }
        if byte(count) == UInt8(ascii: "\"") {
            string(hashes: count)
        } else if byte(count) == UInt8(ascii: "/") {
            regex(hashes: count)
        } else {
            let start = index
            advance()
            add(.mark, "#", from: start, line: line)
        }
    }

    private mutating func string(hashes: Int) {
        let (first, isGlued) = (line, index == lastEnd)
        advance(hashes)
        let quote = starts(with: #"""""#) ? #"""""# : "\""
        let fence = String(repeating: "#", count: hashes)
        advance(quote.utf8.count)
        var content: [UInt8] = []
        // The literal stands before what is interpolated into it, although its end is seen later.
        let place = tokens.count
        lastEnd = -1
        while let byte = byte(), !starts(with: quote + fence) {
            if starts(with: "\\\(fence)(") {
                advance(2 + hashes)
                scan(untilParenthesis: true)
                advance()
            } else if starts(with: "\\\(fence)") {
                content += bytes[index..<min(index + 2 + hashes, bytes.count)]
                advance(2 + hashes)
            } else {
                content.append(byte)
                advance()
            }
        }
        advance(quote.utf8.count + hashes)
        let literal = String(decoding: content, as: UTF8.self)
        tokens.insert(Token(kind: .string, text: literal, line: first, isGlued: isGlued), at: place)
        lastEnd = index
    }

    /// Whether a slash begins a regular expression: nothing stands before it that could be divided.
    private var beginsRegex: Bool {
        guard let next = byte(1), next != UInt8(ascii: " "), !Self.isSign(next) else { return false }
        guard let last = tokens.last else { return true }
        switch last.kind {
        case .number, .string: return false
        case .word: return ["return", "in", "case", "where", "if", "guard", "try", "await"].contains(last.text)
        case .sign: return !isPostfix(tokens.count - 1)
        case .mark: return ![")", "]", "}", "."].contains(last.text)
        }
    }

    private mutating func regex(hashes: Int) {
        let (start, first) = (index, line)
        let end = "/" + String(repeating: "#", count: hashes)
        advance(hashes + 1)
        while let byte = byte(), !starts(with: end) { advance(byte == UInt8(ascii: "\\") ? 2 : 1) }
        advance(end.utf8.count)
        add(.string, text(start..<index), from: start, line: first)
    }

    // MARK: - Kinds of bytes

    private static let marks = Set("(){}[],;:.@#".utf8)

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "$"), 128...:
            true
        default: false
        }
    }

    private static func isSign(_ byte: UInt8) -> Bool { "=!?<>&|+-*/%^~\\".utf8.contains(byte) }
}

extension SwiftTokens {
    /// Whether the sign at `position` follows its operand without a space, as in `value!` and `call()?`.
    func isPostfix(_ position: Int) -> Bool {
        guard position > 0, tokens[position].kind == .sign, tokens[position].isGlued else { return false }
        let before = tokens[position - 1]
        return [.word, .number, .string].contains(before.kind) || [")", "]", "}"].contains(before.text)
    }

    /// The token at `position`, if there is one.
    func at(_ position: Int) -> Token? { tokens.indices.contains(position) ? tokens[position] : nil }

    /// Where the bracket closes that opens at `position`; the last token when it never does.
    func end(ofBracketAt position: Int) -> Int {
        var depth = 0
        for index in position..<tokens.count where tokens[index].kind == .mark {
            switch tokens[index].text {
            case "(", "[", "{": depth += 1
            case ")", "]", "}": depth -= 1
            default: continue
            }
            if depth == 0 { return index }
        }
        return tokens.count - 1
    }

    /// Whether a comment shares `line` or one of the `above` lines before it.
    func hasComment(at line: Int, above: Int) -> Bool {
        comments.contains { $0.lines.overlaps(max(1, line - above)...line) }
    }
}
