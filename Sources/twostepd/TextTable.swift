/// Columns of text, aligned to the left. On a narrow terminal optional columns are omitted, and the last one wraps.
struct TextTable {
    /// One column.
    struct Column {
        let title: String
        /// The order in which optional columns are omitted, the highest rank first; nil for a column that stays.
        var spare: Int?
        /// The minimum width, so that rows printed later align with the earlier ones.
        var minimum: Int

        init(_ title: String, spare: Int? = nil, minimum: Int = 0) {
            self.title = title
            self.spare = spare
            self.minimum = minimum
        }
    }

    private struct Row {
        let cells: [String]
        let styles: [Int: TextStyle]
    }

    private let columns: [Column]
    private var rows: [Row] = []

    /// The width that the last column should have before it wraps.
    private static let comfortable = 36
    private static let narrowest = 16

    init(_ header: [String]) { self.init(header.map { Column($0) }) }

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; `styles` are those of its cells, by column.
    mutating func add(_ row: [String], styles: [Int: TextStyle] = [:]) { rows.append(Row(cells: row, styles: styles)) }

    /// Returns the table as lines.
    ///
    /// - Parameters:
    ///   - width: the width of the terminal in columns; 0 for no limit, one line a row.
    ///   - colours: true to apply the styles of cells.
    ///   - header: true to begin with the titles.
    ///   - maxLines: the limit of lines of one row; nil for no limit.
    func lines(width: Int, colours: Bool = false, header: Bool = true, maxLines: Int? = 4) -> [String] {
        guard !columns.isEmpty else { return [] }
        // A label or an actor wider than a quarter of the terminal leaves too little to the other columns.
        let longest = width == 0 ? Int.max : max(20, width / 4)
        let titles = Row(cells: columns.map(\.title), styles: [:])
        let widths = columns.indices.map { column in
            let cells = rows.map { column < $0.cells.count ? $0.cells[column].displayWidth : 0 }
            let natural = max(cells.max() ?? 0, columns[column].title.displayWidth, columns[column].minimum)
            return column == columns.count - 1 ? natural : min(natural, longest)
        }
        let kept = kept(of: widths, in: width)
        let layout = Layout(
            kept: kept, widths: widths, width: width, narrowest: Self.narrowest, maxLines: maxLines, colours: colours)
        return ((header ? [titles] : []) + rows).flatMap { layout.lines($0.cells, $0.styles) }
    }

    /// Returns the columns that fit.
    private func kept(of widths: [Int], in width: Int) -> [Int] {
        var kept = Array(columns.indices)
        guard width > 0, let last = kept.last else { return kept }
        let wanted = min(widths[last], Self.comfortable)
        while kept.dropLast().reduce(wanted, { $0 + widths[$1] + 2 }) > width {
            let rank: (Int) -> Int = { columns[$0].spare ?? -1 }
            guard let victim = kept.dropLast().max(by: { rank($0) < rank($1) }), rank(victim) >= 0 else { break }
            kept.removeAll { $0 == victim }
        }
        return kept
    }

    /// Makes lines from rows, once the widths are known.
    private struct Layout {
        let kept: [Int]
        let widths: [Int]
        let width: Int
        let narrowest: Int
        let maxLines: Int?
        let colours: Bool

        func lines(_ cells: [String], _ styles: [Int: TextStyle]) -> [String] {
            var head = ""
            var indent = 0
            for column in kept.dropLast() {
                let cell = (column < cells.count ? cells[column] : "").cut(to: widths[column])
                head += style(cell, styles[column])
                head += String(repeating: " ", count: widths[column] - cell.displayWidth + 2)
                indent += widths[column] + 2
            }
            guard let last = kept.last else { return [] }
            let cell = last < cells.count ? cells[last] : ""
            let pieces =
                width == 0 ? [cell] : cell.wrapped(to: max(width - indent, narrowest), maxLines: maxLines)
            return pieces.enumerated().map { index, piece in
                let front = index == 0 ? head : String(repeating: " ", count: indent)
                return (front + style(piece, styles[last])).trimmedRight
            }
        }

        private func style(_ text: String, _ style: TextStyle?) -> String {
            guard colours, let style, !text.isEmpty else { return text }
            return style.applied(to: text)
        }
    }
}

/// The style of a piece of text on a terminal with colours.
enum TextStyle: String {
    case alarm = "1;31"
    case warning = "33"
    case good = "32"
    case active = "36"
    case quiet = "2"

    func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}

extension Character {
    /// The width in columns of a terminal: two for East Asian characters and most pictures, else one.
    fileprivate var displayWidth: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            return scalar.properties.isEmojiPresentation ? 2 : 1
        }
    }
}

extension StringProtocol {
    /// The width in columns of a terminal.
    var displayWidth: Int {
        // Nearly all text is printable ASCII, where each byte is a character one column wide.
        let isPlain = utf8.withContiguousStorageIfAvailable { bytes in bytes.allSatisfy { (0x20..<0x7F).contains($0) } }
        return isPlain == true ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }
}

extension String {
    /// The text without the spaces at its end.
    var trimmedRight: String {
        guard utf8.last == UInt8(ascii: " ") else { return self }
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }

    /// Returns the text when it fits into `width` columns, else its beginning and `…`.
    func cut(to width: Int) -> String {
        guard displayWidth > width else { return self }
        return beginning(width - 1) + "…"
    }

    /// Returns the text in lines of at most `width` columns, broken at spaces where there are any.
    ///
    /// - Parameter maxLines: the limit of lines; the last one ends with `…` when text is omitted.
    func wrapped(to width: Int, maxLines: Int? = nil) -> [String] {
        precondition(width > 0, "a line has room for something")
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ", omittingEmptySubsequences: false) {
            var word = String(word)
            if !line.isEmpty, line.displayWidth + 1 + word.displayWidth <= width {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            while word.displayWidth > width {
                let piece = word.beginning(width)
                lines.append(piece)
                word = String(word.dropFirst(piece.count))
            }
            line = word
        }
        lines.append(line)
        guard let maxLines, lines.count > maxLines, maxLines > 0 else { return lines }
        let last = lines[maxLines - 1]
        return lines.prefix(maxLines - 1) + [(last.displayWidth < width ? last : last.beginning(width - 1)) + "…"]
    }

    /// Returns as many characters as fit into `width` columns, at least one.
    private func beginning(_ width: Int) -> String {
        var room = width
        let piece = prefix { character in
            room -= character.displayWidth
            return room >= 0
        }
        return piece.isEmpty ? String(prefix(1)) : String(piece)
    }
}
