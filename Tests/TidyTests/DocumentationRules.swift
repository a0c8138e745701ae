/// What one target shows to others is explained where it is declared.
///
/// What needs no words: what a protocol of everybody's asks for, initialisers that only take a value for each stored
/// property, and properties and cases whose name says it all.
enum DocumentationRules {
    /// - Parameter protocols: what the protocols of the tree ask for, by their names: it is explained there.
    static func undocumented(_ file: SwiftFile, protocols: [String: Set<String>] = [:]) -> [Finding] {
        guard file.file.target != nil else { return [] }
        let named = protocols.filter { name, _ in file.tokens.contains { $0.kind == .word && $0.text == name } }
        let explained = named.values.reduce(into: Set<String>()) { $0.formUnion($1) }
        return declarations(in: file).compactMap { declaration in
            guard !declaration.isDocumented, needsWords(declaration),
                declaration.isRequirement || !explained.contains(declaration.name)
            else { return nil }
            return Finding(
                path: file.path, line: declaration.line,
                message: "public \(declaration.keyword) \(declaration.name) is not documented: say above it, with ///, "
                    + "what it is for, its units and its errors")
        }
    }

    /// Something that is public, by its own word or as a part of a public type.
    struct Declaration {
        let keyword: String
        let name: String
        let line: Int
        let isDocumented: Bool
        /// A property that is stored, or an initialiser that only stores its arguments.
        let isPlain: Bool
        /// What a protocol asks for.
        var isRequirement = false
    }

    /// Asked for by protocols that every reader knows.
    private static let witnesses: Set = [
        "description", "debugDescription", "customMirror", "errorDescription", "==", "<", "hash", "encode", "id",
        "makeAsyncIterator", "next", "rawValue", "allCases", "validate", "run", "configuration",
    ]

    private static func needsWords(_ declaration: Declaration) -> Bool {
        if witnesses.contains(declaration.name) || declaration.isPlain { return false }
        return declaration.keyword != "case"
    }

    private static let keywords: Set = [
        "func", "var", "let", "init", "struct", "enum", "class", "actor", "protocol", "typealias", "subscript", "case",
    ]

    static func declarations(in file: SwiftFile) -> [Declaration] {
        file.tokens.indices.compactMap { position -> Declaration? in
            guard file.tokens[position].kind == .word, file.tokens[position].text == "public" else { return nil }
            var keyword = position + 1
            while let token = file.source.at(keyword), !keywords.contains(token.text) {
                guard !["import", "extension", "}", "{"].contains(token.text) else { return nil }
                keyword += 1
            }
            // `static func`, `class func`: a class that is followed by a keyword is a modifier.
            if file.source.at(keyword)?.text == "class", let next = file.source.at(keyword + 1)?.text,
                keywords.contains(next)
            {
                keyword += 1
            }
            return declaration(beginningAt: position, keyword: keyword, in: file)
        } + requirements(in: file)
    }

    /// What the public protocols of `files` ask for, by their names.
    static func protocols(in files: [SwiftFile]) -> [String: Set<String>] {
        var asked: [String: Set<String>] = [:]
        for file in files where file.file.target != nil {
            for (name, brace) in publicProtocols(in: file) {
                asked[name, default: []].formUnion(requirements(from: brace, in: file).map(\.name))
            }
        }
        return asked
    }

    /// What a public protocol asks for has no word of its own that says so.
    private static func requirements(in file: SwiftFile) -> [Declaration] {
        publicProtocols(in: file).flatMap { requirements(from: $0.brace, in: file) }
    }

    private static func publicProtocols(in file: SwiftFile) -> [(name: String, brace: Int)] {
        file.tokens.indices.compactMap { position in
            guard file.tokens[position].text == "public", file.source.at(position + 1)?.text == "protocol",
                let name = file.source.at(position + 2)?.text,
                let brace = (position..<file.tokens.count).first(where: { file.tokens[$0].text == "{" })
            else { return nil }
            return (name, brace)
        }
    }

    private static func requirements(from brace: Int, in file: SwiftFile) -> [Declaration] {
        var found: [Declaration] = []
        var position = brace + 1
        let end = file.source.end(ofBracketAt: brace)
        while position < end {
            let token = file.tokens[position]
            if ["{", "(", "["].contains(token.text), token.kind == .mark {
                position = file.source.end(ofBracketAt: position)
            } else if ["func", "var", "init", "subscript"].contains(token.text),
                var requirement = declaration(beginningAt: position, keyword: position, in: file)
            {
                requirement.isRequirement = true
                found.append(requirement)
            }
            position += 1
        }
        return found
    }

    private static func declaration(beginningAt start: Int, keyword: Int, in file: SwiftFile) -> Declaration? {
        guard let word = file.source.at(keyword), let after = file.source.at(keyword + 1) else { return nil }
        let isNamed = !["init", "subscript"].contains(word.text)
        return Declaration(
            keyword: word.text, name: isNamed ? after.text : word.text, line: file.tokens[start].line,
            isDocumented: isDocumented(beginningAt: start, in: file.source),
            isPlain: isPlain(keyword: keyword, in: file.source))
    }

    /// Whether a documentation comment stands between the declaration, with its attributes, and what is before it.
    private static func isDocumented(beginningAt start: Int, in source: SwiftTokens) -> Bool {
        var before = start - 1
        while let token = source.at(before), token.kind == .word || token.text == ")" {
            // Back over one attribute: `@name` or `@name(…)`.
            var name = before
            if token.text == ")" {
                while let open = source.at(name), open.text != "(" { name -= 1 }
                name -= 1
            }
            guard source.at(name - 1)?.text == "@" else { break }
            before = name - 2
        }
        let from = (source.at(before)?.line ?? 0) + (before < 0 ? 0 : 1)
        return source.comments.contains { comment in
            comment.isDocumentation && comment.lines.lowerBound >= from
                && comment.lines.upperBound < source.tokens[start].line
        }
    }

    /// A stored property (no body after its type), or an initialiser whose body only assigns.
    private static func isPlain(keyword: Int, in source: SwiftTokens) -> Bool {
        switch source.tokens[keyword].text {
        case "let": return true
        case "var": return isStored(keyword, in: source)
        case "init": return onlyAssigns(keyword, in: source)
        default: return false
        }
    }

    private static func isStored(_ keyword: Int, in source: SwiftTokens) -> Bool {
        var position = keyword
        while let token = source.at(position + 1), token.line == source.tokens[keyword].line {
            position += 1
            if token.text == "=" { return true }
            if token.text == "{" { return false }
        }
        return source.at(position + 1)?.text != "{"
    }

    private static func onlyAssigns(_ keyword: Int, in source: SwiftTokens) -> Bool {
        guard let open = (keyword..<source.tokens.count).first(where: { source.tokens[$0].text == "(" }) else {
            return false
        }
        let brace = source.end(ofBracketAt: open) + 1
        guard source.at(brace)?.text == "{" else { return false }
        let body = source.tokens[brace + 1..<source.end(ofBracketAt: brace)]
        return !body.contains { ["if", "guard", "for", "while", "switch", "try", "precondition"].contains($0.text) }
    }
}
