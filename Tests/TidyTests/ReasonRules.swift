/// Shortcuts that are right now and then, and then say why: a comment on the line, or on one of the three above.
enum ReasonRules {
    /// How far above a line a comment still belongs to it: a condition of some lines has one comment.
    private static let reach = 3

    static func shortcuts(_ file: SwiftFile) -> [Finding] {
        file.tokens.indices.compactMap { position in
            guard let (what, instead) = shortcut(at: position, in: file.source) else { return nil }
            let line = file.tokens[position].line
            guard !file.source.hasComment(at: line, above: reach) else { return nil }
            return Finding(
                path: file.path, line: line,
                message: "\(what) without a reason: \(instead), or say in a comment beside it why it is right here")
        }
    }

    private static func shortcut(at position: Int, in source: SwiftTokens) -> (String, String)? {
        let token = source.tokens[position]
        let (before, after) = (source.at(position - 1), source.at(position + 1))
        switch (token.kind, token.text) {
        case (.word, "try") where after?.isGlued == true && after?.kind == .sign:
            switch after?.text.first {
            case "?": return ("try?", "handle the error or pass it on")
            case "!": return ("try!", "handle the error or pass it on")
            default: return nil
            }
        case (.word, "as") where after?.isGlued == true && after?.text.first == "!":
            return ("as!", "use as? and handle nil")
        case (.word, "fatalError") where after?.text == "(" && before?.text != "func":
            return ("fatalError", "throw for the world, precondition for a mistake of ours")
        case (.word, "preconditionFailure") where after?.text == "(" && source.at(position + 2)?.kind != .string:
            return ("preconditionFailure without words", "say what must hold")
        case (.sign, let sign) where sign.hasPrefix("!") && !sign.hasPrefix("!="):
            guard source.isPostfix(position), before?.text != "try", before?.text != "as" else { return nil }
            return ("forced unwrapping", "use guard let, or a default")
        default: return nil
        }
    }
}
