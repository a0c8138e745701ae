import CYAML

/// Converts libyaml's errors into refusals in an operator's words, at the beginning of the mistake.
extension YAMLEvents {
    /// Returns the refusal of the text at which libyaml stopped, or of a suspect before it.
    func syntaxRefusal() -> YAMLRefusal {
        let mark = Position(parser.pointee.problem_mark)
        let refusal = refusal(of: parser.pointee.problem.map { String(cString: $0) } ?? "", at: mark)
        while let suspect = suspects.next, suspect.position <= mark {
            // A '%' or a tab at the beginning of a line is never inside a text, because text over several lines is
            // refused as well.
            let isFirst = suspect.beginsLine && suspect.position <= refusal.position
            if isFirst || suspect.position == mark { return suspect.refusal }
            suspects.advance()
        }
        return refusal
    }

    private func refusal(of problem: String, at mark: Position) -> YAMLRefusal {
        let context = parser.pointee.context.map { String(cString: $0) } ?? ""
        let place = Position(parser.pointee.context_mark)
        switch (problem, context) {
        case ("could not find expected ':'", _):
            return YAMLRefusal(
                position: place, message: "this line has no ': '",
                hint: "write 'key: value', with a space after the ':'")
        case ("found unexpected end of stream", "while scanning a quoted scalar"):
            return text.hasLineBreak(after: place) ? .openQuote(at: place) : .unclosedQuote(at: place)
        case ("found unexpected document indicator", _): return .openQuote(at: place)
        case ("found invalid Unicode character escape code", "while parsing a quoted scalar"),
            ("did not find expected hexdecimal number", "while parsing a quoted scalar"):
            // libyaml stops after the two characters that begin the escape.
            return invalid(problem, at: mark.onLine(mark.column - 2))
        case ("mapping values are not allowed in this context", _): return secondColon(at: mark)
        case ("block sequence entries are not allowed in this context", _):
            return YAMLRefusal(
                position: mark, message: "a list cannot begin on the line of its key", hint: "begin it on the next line"
            )
        case (_, "while scanning an anchor"), (_, "while scanning an alias"), (_, "while scanning a tag"),
            (_, "while parsing a tag"), (_, "while scanning a block scalar"):
            return text.constructRefusal(at: place)
        default: break
        }
        guard parser.pointee.error == YAML_PARSER_ERROR || context == "while scanning for the next token" else {
            return invalid(problem, at: mark)
        }
        return markerRefusal(at: mark) ?? tokenRefusal(at: mark) ?? invalid(problem, at: mark)
    }

    private func invalid(_ problem: String, at mark: Position) -> YAMLRefusal {
        guard parser.pointee.error != YAML_MEMORY_ERROR else {
            return YAMLRefusal(position: .wholeFile, message: "there is not enough memory to read this file")
        }
        return YAMLRefusal(position: mark, message: "this is not valid YAML: \(problem)")
    }

    /// Returns the refusal of a `: ` in a place where no key can end.
    private func secondColon(at mark: Position) -> YAMLRefusal {
        if text.beginsLine("---", of: mark) { return .textBehindMarker(at: text.nextWord(from: mark.onLine(4))) }
        return YAMLRefusal(
            position: mark, message: "a second ': ' on one line",
            hint: "put the value in quotes, or begin a new line for the second key")
    }

    /// Returns the refusal of a document marker, or of the text after it on its line.
    private func markerRefusal(at mark: Position) -> YAMLRefusal? {
        let isStart = text.beginsLine("---", of: mark)
        guard isStart || text.beginsLine("...", of: mark) else { return nil }
        if mark.column > 1 { return .textBehindMarker(at: text.nextWord(from: mark.onLine(4))) }
        return isStart
            ? .secondDocument(at: mark)
            : YAMLRefusal(position: mark, message: "the document ends inside brackets")
    }

    /// Returns the refusal of a misplaced token.
    private func tokenRefusal(at mark: Position) -> YAMLRefusal? {
        let open = innermost
        let bracket = open.map { text.byte(at: $0) } ?? Byte.newline
        let isBracket = bracket == Byte.openBracket || bracket == Byte.openBrace
        let byte = text.byte(at: mark)
        if let open, isBracket, byte == Byte.newline { return .neverClosed(bracket, at: open) }
        switch byte {
        case Byte.colon: return .colonWithoutKey(at: mark)
        case Byte.closeBracket, Byte.closeBrace:
            guard let open, isBracket else { return text.constructRefusal(at: mark) }
            return YAMLRefusal(
                position: mark,
                message:
                    "the '\(Character(Unicode.Scalar(bracket)))' of line \(open.line) is closed by the wrong bracket"
            )
        case Byte.comma, UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), UInt8(ascii: "&"),
            UInt8(ascii: "*"), UInt8(ascii: "!"), UInt8(ascii: "|"), UInt8(ascii: ">"), UInt8(ascii: "?"):
            return text.constructRefusal(at: mark)
        case Byte.dash where isBracket && text.isBlank(after: mark):
            return YAMLRefusal(
                position: mark, message: "a '-' inside brackets", hint: "separate the values with commas")
        default: break
        }
        if isBracket { return .missingComma(at: mark) }
        guard text.isFirstOnLine(mark) else {
            return YAMLRefusal(
                position: mark, message: "more text after the end of the value", hint: "put the whole value in quotes")
        }
        if hasEndMarker { return .secondDocument(at: mark) }
        // The lines of a block that has just ended had a deeper indentation.
        let hasBlockEnded = kind == .end && !hasBracketEnded
        let column = open?.column ?? 0
        if mark.column > column, !hasBlockEnded { return .severalLines(at: mark) }
        guard mark.column == column else {
            return YAMLRefusal(
                position: mark, message: "this indentation matches no line above",
                hint: "align it with the line that it belongs to")
        }
        return YAMLRefusal(
            position: mark,
            message: byte == Byte.dash
                ? "a list item at the level of the keys of a mapping" : "a line at the level of the '-' of a list",
            hint: byte == Byte.dash ? "indent the list under its key" : "align it with the keys of the item above")
    }

    /// The beginning of the innermost open mapping or list; nil outside all of them.
    ///
    /// libyaml reports it as the context of its error, or keeps it on its stack of marks.
    private var innermost: Position? {
        let context = parser.pointee.context.map { String(cString: $0) } ?? ""
        switch context {
        case "while parsing a flow mapping", "while parsing a flow sequence", "while parsing a block mapping",
            "while parsing a block collection":
            return Position(parser.pointee.context_mark)
        default:
            guard let bottom = parser.pointee.marks.start, let top = parser.pointee.marks.top, top > bottom else {
                return nil
            }
            return Position(top[-1])
        }
    }
}

extension Findings.Position {
    /// Returns another column of the same line.
    fileprivate func onLine(_ column: Int) -> Self { Self(line: line, column: column) }
}
