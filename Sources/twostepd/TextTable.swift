/// Columns of text, aligned to the left. On a narrow terminal columns that can be spared go, and the last one wraps.
struct TextTable {
    /// One column.
    struct Column {
        let title: String
        /// Columns with a rank go when there is no room, the highest rank first; those without one stay.
        var spare: Int?
        /// At least this wide, so that rows which are printed later stand below the earlier ones.
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

    /// How much room the last column should have before it wraps.
    private static let comfortable = 36
    private static let narrowest = 16

    init(_ header: [String]) { self.init(header.map { Column($0) }) }

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; `styles` are those of its cells, by column.
    mutating func add(_ row: [String], styles: [Int: TextStyle] = [:]) { rows.append(Row(cells: row, styles: styles)) }

    /// The table as lines.
    ///
    /// - Parameters:
    ///   - width: that of the terminal, in columns; 0 for as wide as it gets, one line a row.
    ///   - colours: whether cells have their styles.
    ///   - header: whether the titles come first.
    ///   - mostLines: the most lines of one row; nil for as many as it takes.
    func lines(width: Int, colours: Bool = false, header: Bool = true, mostLines: Int? = 4) -> [String] {
        guard !columns.isEmpty else { return [] }
        // Beyond a quarter of the terminal a label or an actor leaves too little to the rest.
        let longest = width == 0 ? Int.max : max(20, width / 4)
        let titles = Row(cells: columns.map(\.title), styles: [:])
        let widths = columns.indices.map { column in
            let cells = rows.map { column < $0.cells.count ? $0.cells[column].displayWidth : 0 }
            let natural = max(cells.max() ?? 0, columns[column].title.displayWidth, columns[column].minimum)
            return column == columns.count - 1 ? natural : min(natural, longest)
        }
        let kept = kept(of: widths, in: width)
        let layout = Layout(
            kept: kept, widths: widths, width: width, narrowest: Self.narrowest, mostLines: mostLines, colours: colours)
        return ((header ? [titles] : []) + rows).flatMap { layout.lines($0.cells, $0.styles) }
    }

    /// The columns that there is room for.
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

    /// How rows become lines, once the widths are known.
    private struct Layout {
        let kept: [Int]
        let widths: [Int]
        let width: Int
        let narrowest: Int
        let mostLines: Int?
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
                width == 0 ? [cell] : cell.wrapped(to: max(width - indent, narrowest), mostLines: mostLines)
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
