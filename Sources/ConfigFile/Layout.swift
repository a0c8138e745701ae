/// A valid desired-state file as its writer laid it out: keys, values as they are written, and the comments of each.
struct Layout {
    /// The text of comment lines; an empty one stands for a blank line between two of them.
    typealias Lines = [String]

    /// A key and its value on one line.
    struct Line {
        let key: String
        /// The value as YAML; empty when there is none.
        let value: String
        /// Comments on lines of their own above it.
        var above: Lines = []
        /// The comment behind it.
        var behind: String?
    }

    /// The keys of `defaults` or of one entry.
    struct Block {
        /// Comments above the block.
        var above: Lines = []
        var lines: [Line] = []
        /// Comments at the end, as deep as the keys.
        var below: Lines = []

        mutating func sort<Key: FieldKey>(as _: Key.Type) {
            let order = Dictionary(uniqueKeysWithValues: Key.allCases.enumerated().map { ($1.rawValue, $0) })
            lines.sort { order[$0.key, default: .max] < order[$1.key, default: .max] }
        }
    }

    /// Comments above the first key of the file.
    var head: Lines = []
    var version: Line
    var defaults: (line: Line, block: Block)?
    var numbers: Line
    /// Comments at the head of the list, set apart from its first entry by a blank line.
    var listHead: Lines = []
    /// The entries with their numbers.
    var entries: [(number: String, block: Block)] = []
    /// Whether blank lines stand between the entries.
    var isSpaced = false
    /// Comments behind the last entry, indented.
    var listTail: Lines = []
    /// Comments at the end of the file.
    var tail: Lines = []
}

extension Layout {
    /// The text: the entries sorted by number, keys in the order of the documentation, two spaces a level, and the
    /// comments behind the keys of a block below one another.
    func text() -> String {
        var writer = LayoutWriter()
        writer.comments(head, indent: 0)
        writer.section(version, needsBlank: false)
        if let defaults {
            writer.section(defaults.line)
            var block = defaults.block
            block.sort(as: DefaultKey.self)
            writer.block(block, first: "  ", rest: "  ")
        }
        writer.section(numbers)
        writer.comments(listHead, indent: 2)
        if !listHead.isEmpty { writer.blank() }
        let sorted = entries.sorted { $0.number < $1.number }
        for (index, entry) in sorted.enumerated() {
            if isSpaced, index > 0 { writer.blank() }
            var block = entry.block
            block.sort(as: EntryKey.self)
            writer.block(block, first: "  - ", rest: "    ")
        }
        if isSpaced, !listTail.isEmpty { writer.blank() }
        writer.comments(listTail, indent: 2)
        if !tail.isEmpty { writer.blank() }
        writer.comments(tail, indent: 0)
        return writer.text
    }
}

/// Writes lines of a desired-state file.
struct LayoutWriter {
    private(set) var text = ""

    mutating func blank() { text += "\n" }

    /// Comment lines at an indentation in columns.
    mutating func comments(_ lines: Layout.Lines, indent: Int) {
        let margin = String(repeating: " ", count: indent)
        for line in lines { text += line.isEmpty ? "\n" : margin + line + "\n" }
    }

    /// A key at the top of the file, a blank line before it.
    mutating func section(_ line: Layout.Line, needsBlank: Bool = true) {
        if needsBlank { blank() }
        comments(line.above, indent: 0)
        write(line, margin: "", width: 0)
    }

    /// The keys of one mapping.
    ///
    /// - Parameters:
    ///   - first: what stands before the first key.
    ///   - rest: what stands before the others.
    mutating func block(_ block: Layout.Block, first: String, rest: String) {
        let keys = rest.utf8.count
        let opens = first == rest ? keys : keys - 2
        comments(block.above, indent: opens)
        let width = block.lines.filter { $0.behind != nil }.map { Self.length($0) }.max() ?? 0
        for (index, line) in block.lines.enumerated() {
            comments(line.above, indent: index == 0 ? opens : keys)
            write(line, margin: index == 0 ? first : rest, width: width)
        }
        comments(block.below, indent: keys)
    }

    private mutating func write(_ line: Layout.Line, margin: String, width: Int) {
        text += margin + line.key + ":"
        if !line.value.isEmpty { text += " " + line.value }
        if let comment = line.behind {
            text += String(repeating: " ", count: max(0, width - Self.length(line)) + 2) + comment
        }
        text += "\n"
    }

    private static func length(_ line: Layout.Line) -> Int {
        line.key.unicodeScalars.count + 1 + (line.value.isEmpty ? 0 : 1 + line.value.unicodeScalars.count)
    }
}

/// Writes text as a YAML scalar.
enum ScalarText {
    /// `text` in double quotes.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where VisibleText.visible(scalar) == scalar && scalar != "\t": result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// `text` without quotes where it means the same without them, such as a name; otherwise in double quotes.
    static func plainIfPossible(_ text: String) -> String {
        let bytes = text.utf8
        let isWord = bytes.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                || [0x2D, 0x2E, 0x2F, 0x5F].contains($0)
        }
        guard let first = bytes.first, isWord, first != Byte.dash, ScalarKind(plain: text) == .text,
            !Self.words.contains(text.lowercased())
        else {
            let isAddress = text.starts(with: "https://") || text.starts(with: "http://")
            let isSafe =
                isAddress && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != Byte.hash } && bytes.last != Byte.colon
            return isSafe ? text : quoted(text)
        }
        return text
    }

    /// What other YAML readers take for a truth value.
    private static let words: Set<String> = ["yes", "no", "on", "off", "y", "n", "true", "false", "null"]
}
