extension YAMLScan {
    /// Starts a line inside brackets.
    mutating func beginFlowLine() throws(Refusal) {
        try checkDocumentMarker()
        while byte() == Byte.space { index += 1 }
        if byte() == Byte.tab {
            throw refusal("a tab in the indentation", hint: "indent with spaces: YAML does not allow tabs there")
        }
    }

    /// Opens `[` or `{`.
    mutating func openFlow(_ byte: UInt8) throws(Refusal) {
        try open(byte == Byte.openBracket ? .flowSequence : .flowMapping, column: index - lineStart)
        flowDepth += 1
        index += 1
        isComplete = false
        lastScalar = nil
    }

    /// Reads one token inside brackets.
    mutating func scanFlowToken(_ byte: UInt8) throws(Refusal) {
        switch byte {
        case Byte.closeBracket, Byte.closeBrace:
            try closeFlow(byte)
        case Byte.comma:
            // Nothing between two commas is a value that is absent.
            if !isComplete { tape?.isDoubtful = true }
            index += 1
            isComplete = false
            lastScalar = nil
        case Byte.colon:
            try scanFlowColon()
        default:
            guard !isComplete else {
                throw refusal("a ',' or a closing bracket is missing before this")
            }
            try scanFlowValue(byte)
        }
    }

    private mutating func scanFlowValue(_ byte: UInt8) throws(Refusal) {
        switch byte {
        case Byte.openBracket, Byte.openBrace:
            try openFlow(byte)
            return
        case Byte.quote, Byte.doubleQuote:
            let start = index
            let range = try scanQuoted(byte)
            lastScalar = (range, collectsKeys ? position(of: start) : .wholeFile)
            tape?.scalar(range, in: bytes, start: start, line: line, isInBrackets: true)
        default:
            try refuseIndicator(byte)
            if byte == Byte.dash, isBlank(at: 1) {
                throw refusal("a '-' inside brackets", hint: "separate the values with commas")
            }
            let start = index
            scanPlain()
            lastScalar = (start..<index, collectsKeys ? position(of: start) : .wholeFile)
            tape?.scalar(start..<index, in: bytes, start: start, line: line, isInBrackets: true)
        }
        isComplete = true
    }

    /// A colon inside brackets follows a scalar, with a space behind it or a quote before it.
    private mutating func scanFlowColon() throws(Refusal) {
        guard isComplete, let key = lastScalar else {
            throw refusal("a ':' without a key before it", hint: "put the text in quotes")
        }
        let before = index > lineStart ? bytes[index - 1] : Byte.newline
        guard isBlank(at: 1) || before == Byte.quote || before == Byte.doubleQuote else {
            throw refusal("a ':' without a space behind it", hint: "write 'key: value', or put the text in quotes")
        }
        if levels.last?.kind == .flowMapping {
            noteKey(key.range, at: key.position)
            tape?.turnIntoKey(colon: index, line: line)
        } else {
            // A pair inside of a list is a mapping without brackets.
            tape?.isDoubtful = true
        }
        index += 1
        isComplete = false
        lastScalar = nil
    }

    private mutating func closeFlow(_ byte: UInt8) throws(Refusal) {
        let kind: Kind = byte == Byte.closeBracket ? .flowSequence : .flowMapping
        guard let level = levels.last, level.kind == kind else {
            let bracket = levels.last?.kind == .flowSequence ? "[" : "{"
            let line = levels.last?.position.line ?? self.line
            throw refusal("the '\(bracket)' of line \(line) is closed by the wrong bracket")
        }
        close()
        flowDepth -= 1
        index += 1
        isComplete = true
        lastScalar = nil
    }

    /// Reads a quoted scalar and returns the range between its quotes.
    mutating func scanQuoted(_ quote: UInt8) throws(Refusal) -> Range<Int> {
        let start = index
        index += 1
        while index < bytes.count {
            switch bytes[index] {
            case Byte.newline:
                throw refusal(
                    "this quote is not closed on its line", hint: "close it; text over several lines is not used here",
                    at: start)
            case Byte.backslash where quote == Byte.doubleQuote:
                index += byte(at: 1) == Byte.newline ? 1 : 2
            case quote where quote == Byte.quote && byte(at: 1) == quote:
                index += 2
            case quote:
                index += 1
                return start + 1..<index - 1
            default: index += 1
            }
        }
        index = bytes.count
        throw refusal(
            "this quote is never closed: the file ends inside it", hint: "was the file written only in part?",
            at: start)
    }

    /// Reads a plain scalar: to `: `, ` #` or the end of the line, and inside brackets to one of `,[]{}`.
    mutating func scanPlain() {
        let isFlow = flowDepth > 0
        while index < bytes.count {
            switch bytes[index] {
            case Byte.newline, Byte.carriageReturn, Byte.tab: return
            case Byte.hash where index > lineStart && bytes[index - 1] == Byte.space: return
            case Byte.colon where isBlank(at: 1): return
            case Byte.comma, Byte.openBracket, Byte.closeBracket, Byte.openBrace, Byte.closeBrace:
                if isFlow { return }
                index += 1
            default: index += 1
            }
        }
    }
}
