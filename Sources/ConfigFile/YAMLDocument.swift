import Yams

/// A YAML file as a tree of nodes with positions, or the reason why it is none.
struct YAMLDocument {
    /// The root; nil for an empty file and after an error.
    let root: Node?
    /// The keys that their mapping already had, and the line of the first one. In the tree their text is a placeholder.
    let duplicates: [Findings.Position: (key: String, firstLine: Int)]

    /// The most duplicate keys that are told apart; a file with more is read no further.
    private static let mostDuplicates = 2000

    /// No tree, for a reader that is not asked for one.
    static var none: YAMLDocument { YAMLDocument() }

    private init() { (root, duplicates) = (nil, [:]) }

    /// Parses `bytes`. What is wrong goes to `findings`.
    init(parsing bytes: [UInt8], findings: Findings) {
        guard Self.isAdmitted(bytes, findings: findings) else {
            (root, duplicates) = (nil, [:])
            return
        }
        do {
            (root, duplicates) = (try Self.compose(bytes), [:])
        } catch YamlError.duplicatedKeysInMapping {
            (root, duplicates) = Self.composeMasked(bytes, findings: findings)
        } catch {
            Self.report(error, to: findings)
            (root, duplicates) = (nil, [:])
        }
    }

    private static func isAdmitted(_ bytes: [UInt8], findings: Findings) -> Bool {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            findings.error(.wholeFile, "the file is UTF-16", hint: "save the file as UTF-8")
            return false
        }
        if let position = CharacterScan.invalidUTF8(in: bytes) {
            findings.error(position, "this is not valid UTF-8", hint: "save the file as UTF-8")
            return false
        }
        if let refusal = YAMLScan.refusal(of: bytes) {
            findings.error(refusal.position, refusal.message, hint: refusal.hint)
            return false
        }
        return true
    }

    /// The text is read as text, whatever it looks like: types are told by ``ScalarKind``, so no rule is needed here.
    private static func compose(_ bytes: [UInt8]) throws -> Node? {
        try Yams.compose(yaml: String(decoding: bytes, as: UTF8.self), .basic, .default, .utf8)
    }

    /// Parses a text with duplicate keys, so that everything else in it is looked at too.
    ///
    /// The parser stops at a duplicate key. So each is overwritten with placeholders of the same width, which keeps
    /// every position true, and reported by whoever walks over it.
    private static func composeMasked(
        _ bytes: [UInt8], findings: Findings
    ) -> (Node?, [Findings.Position: (key: String, firstLine: Int)]) {
        let found = YAMLScan.duplicateKeys(in: bytes)
        var masked: [UInt8] = []
        masked.reserveCapacity(bytes.count + 64)
        var copied = 0
        var duplicates: [Findings.Position: (key: String, firstLine: Int)] = [:]
        for (number, duplicate) in found.prefix(mostDuplicates).enumerated() {
            masked += bytes[copied..<duplicate.range.lowerBound]
            let key = String(decoding: bytes[duplicate.range], as: UTF8.self)
            let placeholder = String(Unicode.Scalar(UInt16(0xE000 + number)).map(Character.init) ?? "x")
            masked += Array(String(repeating: placeholder, count: key.unicodeScalars.count).utf8)
            copied = duplicate.range.upperBound
            duplicates[duplicate.position] = (key, duplicate.firstLine)
        }
        masked += bytes[copied...]
        do {
            return (try compose(masked), duplicates)
        } catch {
            for (position, duplicate) in duplicates { reportDuplicate(duplicate, at: position, to: findings) }
            report(error, to: findings)
            return (nil, [:])
        }
    }

    /// Reports a key that its mapping already has.
    static func reportDuplicate(
        _ duplicate: (key: String, firstLine: Int), at position: Findings.Position, to findings: Findings
    ) {
        findings.error(
            position,
            "the key \(VisibleText.quoted(duplicate.key)) stands here twice: first on line \(duplicate.firstLine)",
            hint: "keep one of the two")
    }

    /// Only the parser's own words and its place are used: its description would show source text.
    private static func report(_ error: any Error, to findings: Findings) {
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            findings.error(Findings.Position(mark), "this is not valid YAML: \(problem)")
        case YamlError.duplicatedKeysInMapping(_, let context):
            findings.error(Findings.Position(context.mark), "this key stands twice in its mapping")
        case YamlError.reader(let problem, _, _, _):
            findings.error(.wholeFile, "this is not valid YAML: \(problem)")
        default:
            findings.error(.wholeFile, "this is not valid YAML")
        }
    }
}

extension Findings.Position {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}
