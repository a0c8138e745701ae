/// Files and functions that fit a screen and a head.
///
/// What has a reason to be longer says so in a comment that begins with `Long because`: a file among its first lines, a
/// function on one of the lines above it.
enum SizeRules {
    static let longestFile = 500
    static let longestFunction = 80

    private static let reason = "Long because"

    static func files(_ file: SourceFile) -> [Finding] {
        guard file.lineCount > longestFile,
            !file.text.split(separator: "\n").prefix(20).contains(where: { $0.contains(reason) })
        else { return [] }
        return [
            Finding(
                path: file.path, line: longestFile + 1,
                message: "\(file.lineCount) lines, and \(longestFile) are the limit: split it by what it does, or say "
                    + "'\(reason) …' in a comment at its top")
        ]
    }

    static func functions(_ file: SwiftFile) -> [Finding] {
        bodies(in: file).compactMap { body in
            let count = body.lines.count
            guard count > longestFunction else { return nil }
            let isStated = file.source.comments.contains { comment in
                comment.text.contains(reason) && comment.lines.upperBound <= body.lines.lowerBound + 1
                    && comment.lines.lowerBound >= body.lines.lowerBound - 10
            }
            guard !isStated else { return nil }
            return Finding(
                path: file.path, line: body.lines.lowerBound,
                message: "\(body.name) has \(count) lines, and \(longestFunction) are the limit: take parts of it out, "
                    + "or say '\(reason) …' in a comment above it")
        }
    }

    /// Something with statements in it, from its keyword to its closing brace.
    struct Body: Equatable {
        let name: String
        let lines: ClosedRange<Int>
    }

    /// Functions, initialisers, subscripts and computed properties.
    static func bodies(in file: SwiftFile) -> [Body] {
        file.tokens.indices.compactMap { position in
            let token = file.tokens[position]
            guard token.kind == .word, file.source.at(position - 1)?.text != "." else { return nil }
            switch token.text {
            case "func", "init", "subscript", "deinit": return body(from: position, in: file)
            case "var": return property(from: position, in: file)
            default: return nil
            }
        }
    }

    private static let beginnings: Set = [
        "func", "init", "subscript", "deinit", "var", "let", "case", "struct", "enum", "class", "actor", "extension",
        "protocol", "typealias", "import", "public", "private", "fileprivate", "static", "mutating", "final",
    ]

    private static func body(from start: Int, in file: SwiftFile) -> Body? {
        let name = file.tokens[start].text == "func" ? file.source.at(start + 1)?.text ?? "" : file.tokens[start].text
        // The name may itself be a keyword, as in "func `init`()", and is not what begins the next declaration.
        var position = start + (file.tokens[start].text == "func" ? 2 : 1)
        while let token = file.source.at(position) {
            switch token.text {
            case "(" where token.kind == .mark, "[" where token.kind == .mark:
                position = file.source.end(ofBracketAt: position)
            case "{" where token.kind == .mark: return closed(name, from: start, brace: position, in: file)
            case "}" where token.kind == .mark, "@" where token.kind == .mark: return nil
            case _ where token.kind == .word && beginnings.contains(token.text): return nil
            default: break
            }
            position += 1
        }
        return nil
    }

    /// A property whose braces follow its type: one with a value before them is no function.
    private static func property(from start: Int, in file: SwiftFile) -> Body? {
        guard let name = file.source.at(start + 1), file.source.at(start + 2)?.text == ":" else { return nil }
        var position = start + 3
        while let token = file.source.at(position) {
            switch token.text {
            case "{" where token.kind == .mark: return closed(name.text, from: start, brace: position, in: file)
            case "(" where token.kind == .mark, "[" where token.kind == .mark:
                position = file.source.end(ofBracketAt: position)
            case "=", ";", ",", ")", "}", "@": return nil
            case _ where token.kind == .word && beginnings.contains(token.text): return nil
            case _ where token.kind == .string: return nil
            default: break
            }
            position += 1
        }
        return nil
    }

    private static func closed(_ name: String, from start: Int, brace: Int, in file: SwiftFile) -> Body {
        let end = file.tokens[file.source.end(ofBracketAt: brace)].line
        return Body(name: name, lines: file.tokens[start].line...max(end, file.tokens[start].line))
    }
}
