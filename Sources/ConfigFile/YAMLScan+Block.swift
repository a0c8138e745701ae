extension YAMLScan {
    /// Starts a line outside all brackets: document markers, and how far it is indented.
    mutating func beginBlockLine() throws(Refusal) {
        try checkDocumentMarker()
        while byte() == Byte.space { index += 1 }
        switch byte() {
        case Byte.newline, Byte.carriageReturn, Byte.hash: return
        case Byte.tab:
            throw refusal("a tab in the indentation", hint: "indent with spaces: YAML does not allow tabs there")
        default: break
        }
        guard index < bytes.count else { return }
        if hasDocumentEnd { throw severalDocuments() }
        if index == lineStart, byte() == UInt8(ascii: "%") {
            throw refusal("a '%' directive is not used in this file", hint: "delete the line")
        }
        hasContent = true
        try checkIndentation(index - lineStart)
        isLineStart = true
    }

    /// Closes the levels that the line has left, and refuses a line that belongs to none.
    private mutating func checkIndentation(_ column: Int) throws(Refusal) {
        guard let innermost = levels.last else {
            if isComplete { throw severalLines() }
            return
        }
        if column > innermost.column {
            guard isComplete else { return }
            throw severalLines()
        }
        while let last = levels.last, last.column > column { close() }
        guard levels.last?.column == column else {
            throw refusal("this indentation matches no line above", hint: "align it with the line it belongs beside")
        }
        isComplete = false
    }

    /// Reads one token outside all brackets.
    mutating func scanBlockToken(_ byte: UInt8) throws(Refusal) {
        if isComplete { throw refusal("more text after the end of the value", hint: "put the whole value in quotes") }
        let mayBeginCollection = isLineStart
        isLineStart = false
        if byte == Byte.dash, isBlank(at: 1) {
            guard mayBeginCollection else {
                throw refusal("a list cannot begin behind a key", hint: "begin it on the next line")
            }
            try beginItem()
            return
        }
        switch byte {
        case Byte.openBracket, Byte.openBrace:
            try openFlow(byte)
        case Byte.quote, Byte.doubleQuote:
            let range = try scanQuoted(byte)
            try finishBlockScalar(range, start: range.lowerBound - 1, mayBeKey: mayBeginCollection)
        default:
            try refuseIndicator(byte)
            let start = index
            scanPlain()
            try finishBlockScalar(start..<index, start: start, mayBeKey: mayBeginCollection)
        }
    }

    /// A `-`: an item of the innermost list, or of a new one.
    private mutating func beginItem() throws(Refusal) {
        let column = index - lineStart
        let last = levels.last
        if last == nil || (last?.column ?? 0) < column || last?.kind == .blockMapping {
            try open(.blockSequence, column: column)
        }
        index += 1
        isComplete = false
        if collectsComments { itemLines.append(line) }
        tape?.item(at: index - 1, line: line)
        // Another '-' or a key may follow on the same line.
        isLineStart = true
    }

    /// A scalar is a key when a colon follows it, and a value otherwise.
    private mutating func finishBlockScalar(
        _ range: Range<Int>, start: Int, mayBeKey: Bool
    ) throws(Refusal) {
        while byte() == Byte.space { index += 1 }
        guard byte() == Byte.colon, isBlank(at: 1) else {
            if mayBeKey, isPlaceOfKey(column: start - lineStart) {
                throw refusal(
                    "this line has no ': '", hint: "write 'key: value', with a space behind the ':'", at: start)
            }
            isComplete = true
            tape?.scalar(range, in: bytes, start: start, line: line)
            return
        }
        guard mayBeKey else {
            throw refusal(
                "a second ': ' in one line", hint: "put the value in quotes, or begin a new line for the second key")
        }
        let column = start - lineStart
        if let last = levels.last, last.kind == .blockSequence, last.column == column,
            levels.dropLast().last?.column == column
        {
            // A list may stand at the column of its key; the next key at that column ends it.
            close()
        }
        if levels.last.map({ $0.column < column }) ?? true {
            let end = index
            index = start
            try open(.blockMapping, column: column)
            index = end
        }
        if collectsKeys { noteKey(trimmed(range), at: position(of: start)) }
        tape?.scalar(range, in: bytes, start: start, line: line)
        tape?.turnIntoKey(colon: index, line: line)
        index += 1
        isComplete = false
    }

    /// Whether a mapping is open at a column, so that nothing but a key may begin there.
    private func isPlaceOfKey(column: Int) -> Bool {
        for level in levels.reversed() {
            guard level.column == column else { return false }
            if level.kind == .blockMapping { return true }
        }
        return false
    }

    private func trimmed(_ range: Range<Int>) -> Range<Int> {
        var end = range.upperBound
        while end > range.lowerBound, bytes[end - 1] == Byte.space { end -= 1 }
        return range.lowerBound..<end
    }

    /// `---` and `...` at the first column.
    mutating func checkDocumentMarker() throws(Refusal) {
        let first = byte()
        guard first == Byte.dash || first == Byte.dot, byte(at: 1) == first, byte(at: 2) == first, isBlank(at: 3)
        else { return }
        if first == Byte.dash {
            if hasContent || hasDocumentStart || hasDocumentEnd || flowDepth > 0 { throw severalDocuments() }
            hasDocumentStart = true
        } else {
            if flowDepth > 0 { throw refusal("the document ends inside brackets") }
            hasDocumentEnd = true
        }
        index += 3
        while byte() == Byte.space { index += 1 }
        switch byte() {
        case Byte.newline, Byte.carriageReturn, Byte.hash: return
        default:
            throw refusal("text behind a document marker", hint: "begin it on the next line")
        }
    }

    private mutating func severalDocuments() -> Refusal {
        refusal("a second YAML document begins here", hint: "keep one document a file: delete the '---' or '...' line")
    }

    private mutating func severalLines() -> Refusal {
        refusal(
            "this line is indented under a value that is complete",
            hint: "align it with the key it belongs beside; or is a ':' missing in the line above?")
    }

    /// Refuses the characters that begin what the files do not use.
    mutating func refuseIndicator(_ byte: UInt8) throws(Refusal) {
        let quoteHint = "put the text in quotes"
        switch byte {
        case UInt8(ascii: "&"): throw refusal("an anchor ('&') is not used in this file", hint: quoteHint)
        case UInt8(ascii: "*"): throw refusal("an alias ('*') is not used in this file", hint: quoteHint)
        case UInt8(ascii: "!"): throw refusal("a tag ('!') is not used in this file", hint: quoteHint)
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            throw refusal("block text ('|' or '>') is not used in this file", hint: "write the text on one line")
        case UInt8(ascii: "?"): throw refusal("a key cannot begin with '?' here", hint: quoteHint)
        case UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), Byte.comma, Byte.closeBracket,
            Byte.closeBrace:
            throw refusal("a value cannot begin with '\(Character(Unicode.Scalar(byte)))'", hint: quoteHint)
        case Byte.colon where isBlank(at: 1): throw refusal("a ':' without a key before it", hint: quoteHint)
        default: return
        }
    }
}
