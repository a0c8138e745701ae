/// Columns of text, aligned to the left, the last one cut to the width that is left.
struct TextTable {
    private var rows: [[String]]

    init(_ header: [String]) { rows = [header] }

    mutating func add(_ row: [String]) { rows.append(row) }

    /// The table as lines; `width` is that of the terminal, in columns.
    func lines(width: Int) -> [String] {
        guard let columns = rows.map(\.count).max() else { return [] }
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let isLast = column == row.count - 1
                line += isLast ? cell : cell + String(repeating: " ", count: widths[column] - cell.count + 2)
            }
            return Self.cut(line, to: width)
        }
    }

    private static func cut(_ line: String, to width: Int) -> String {
        guard width > 1, line.count > width else { return line }
        return line.prefix(width - 1) + "…"
    }
}
