/// How a piece of text looks on a terminal with colours.
enum TextStyle: String {
    case alarm = "1;31"
    case warning = "33"
    case good = "32"
    case active = "36"
    case quiet = "2"

    func applied(to text: String) -> String { "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" }
}

extension Character {
    /// How many columns of a terminal it takes: two for East Asian and most pictures, else one.
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
    /// How many columns of a terminal it takes.
    var displayWidth: Int {
        // Nearly all of it is printable ASCII: a byte is a character, and takes a column.
        let isPlain = utf8.withContiguousStorageIfAvailable { bytes in bytes.allSatisfy { (0x20..<0x7F).contains($0) } }
        return isPlain == true ? utf8.count : reduce(0) { $0 + $1.displayWidth }
    }
}

extension String {
    /// Without the spaces at its end.
    var trimmedRight: String {
        guard utf8.last == UInt8(ascii: " ") else { return self }
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }

    /// The text when it fits into `width` columns, else its beginning and `…`.
    func cut(to width: Int) -> String {
        guard displayWidth > width else { return self }
        return beginning(width - 1) + "…"
    }

    /// The text in lines of at most `width` columns, broken at spaces where there are any.
    ///
    /// - Parameter mostLines: the last of so many lines ends with `…` when something is left out.
    func wrapped(to width: Int, mostLines: Int? = nil) -> [String] {
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
        guard let mostLines, lines.count > mostLines, mostLines > 0 else { return lines }
        let last = lines[mostLines - 1]
        return lines.prefix(mostLines - 1) + [(last.displayWidth < width ? last : last.beginning(width - 1)) + "…"]
    }

    /// As many characters as `width` columns have room for, at least one.
    private func beginning(_ width: Int) -> String {
        var room = width
        let piece = prefix { character in
            room -= character.displayWidth
            return room >= 0
        }
        return piece.isEmpty ? String(prefix(1)) : String(piece)
    }
}
