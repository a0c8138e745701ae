import Yams

/// Reads the layout of a file that the reader has found valid, so its form is known.
struct LayoutReader {
    /// Which block a key belongs to.
    enum Place: Equatable {
        case top(Int)
        case defaults(Int)
        case entry(Int, Int)
    }

    /// A key of the file, in the order of the file.
    struct Anchor {
        let place: Place
        let line: Int
    }

    var anchors: [Anchor] = []
    var top: [Layout.Line] = []
    var defaults = Layout.Block()
    var entries: [Layout.Block] = []
    private var numbers: [String] = []
    /// The column of the keys of each entry, from 1; nil for an entry in braces.
    var keyColumns: [Int?] = []
    /// The first line of each entry.
    var entryLines: [Int] = []
    var head: Layout.Lines = []
    var listHead: Layout.Lines = []
    var listTail: Layout.Lines = []
    var tail: Layout.Lines = []
    private let isBlankLine: [Bool]
    let comments: [YAMLScan.Comment]
    let itemLines: [Int]

    /// Reads the layout of valid `bytes` (without a byte order mark), whose tree is `root`.
    static func layout(of bytes: [UInt8], root: Node) -> Layout {
        var reader = LayoutReader(bytes)
        reader.collect(root)
        reader.attachComments()
        return reader.layout()
    }

    private init(_ bytes: [UInt8]) {
        (comments, itemLines) = YAMLScan.comments(in: bytes)
        isBlankLine = bytes.split(separator: Byte.newline, omittingEmptySubsequences: false).map { line in
            line.allSatisfy { $0 == Byte.space || $0 == Byte.tab || $0 == Byte.carriageReturn }
        }
    }

    // MARK: - Keys

    private mutating func collect(_ root: Node) {
        guard case .mapping(let mapping) = root else { preconditionFailure("a valid file is a mapping") }
        for (key, value) in mapping {
            let index = top.count
            anchor(.top(index), key)
            top.append(Layout.Line(key: key.scalar?.string ?? "", value: value.scalar.map(Self.text) ?? ""))
            switch key.scalar?.string {
            case RootKey.defaults.rawValue:
                guard case .mapping(let pairs) = value else { continue }
                for (offset, pair) in pairs.enumerated() {
                    anchor(.defaults(offset), pair.key)
                    defaults.lines.append(Self.line(pair.key, pair.value))
                }
            case RootKey.numbers.rawValue: collectEntries(value)
            default: continue
            }
        }
    }

    private mutating func collectEntries(_ node: Node) {
        guard case .sequence(let sequence) = node else { preconditionFailure("a valid file has a list of numbers") }
        let hasItems = itemLines.count == sequence.count
        for (index, element) in sequence.enumerated() {
            guard case .mapping(let pairs) = element else { preconditionFailure("a valid entry is a mapping") }
            var block = Layout.Block()
            for (offset, pair) in pairs.enumerated() {
                anchor(.entry(index, offset), pair.key)
                block.lines.append(Self.line(pair.key, pair.value))
                if pair.key.scalar?.string == EntryKey.number.rawValue {
                    numbers.append(pair.value.scalar?.string ?? "")
                }
            }
            let firstKey = pairs.first?.key.mark
            keyColumns.append(pairs.style == .flow ? nil : firstKey?.column)
            entryLines.append(hasItems ? itemLines[index] : firstKey?.line ?? 0)
            entries.append(block)
        }
    }

    private mutating func anchor(_ place: Place, _ key: Node) {
        anchors.append(Anchor(place: place, line: key.mark?.line ?? anchors.last?.line ?? 1))
    }

    private static func line(_ key: Node, _ value: Node) -> Layout.Line {
        let name = key.scalar?.string ?? ""
        guard let scalar = value.scalar else { preconditionFailure("a valid value is a scalar") }
        // A number is text, and looks like one in quotes only.
        let text = name == EntryKey.number.rawValue ? ScalarText.quoted(scalar.string) : text(scalar)
        return Layout.Line(key: name, value: text)
    }

    /// What is quoted stays so; what is plain inside brackets is plain outside them, too.
    private static func text(_ scalar: Node.Scalar) -> String {
        scalar.style == .plain ? scalar.string : ScalarText.quoted(scalar.string)
    }

    // MARK: - The result

    private func layout() -> Layout {
        let index = Dictionary(uniqueKeysWithValues: top.enumerated().map { ($1.key, $0) })
        guard let version = index[RootKey.version.rawValue], let list = index[RootKey.numbers.rawValue] else {
            preconditionFailure("a valid file has a version and numbers")
        }
        var layout = Layout(version: top[version], numbers: top[list])
        layout.head = head
        if let place = index[RootKey.defaults.rawValue] { layout.defaults = (top[place], defaults) }
        layout.listHead = listHead
        layout.entries = Array(zip(numbers, entries))
        layout.isSpaced = entries.count > 1 && isSpaced
        layout.listTail = listTail
        layout.tail = tail
        return layout
    }

    /// Whether there is a blank line between two entries, or would be one after sorting.
    private var isSpaced: Bool {
        if entries.contains(where: { $0.below.contains("") }) { return true }
        var last = 0
        for anchor in anchors {
            if case .entry(let entry, 0) = anchor.place, entry > 0, hasBlank(after: last, before: entryLines[entry]) {
                return true
            }
            last = anchor.line
        }
        return false
    }

    /// Whether a line between two others is blank.
    func hasBlank(after first: Int, before last: Int) -> Bool {
        guard first + 1 < last else { return false }
        return isBlankLine[first..<min(last - 1, isBlankLine.count)].contains(true)
    }
}
