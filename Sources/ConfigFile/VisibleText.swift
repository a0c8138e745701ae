/// Makes text from a file safe for a terminal and a log.
enum VisibleText {
    /// The maximum length of an excerpt of a source line, in characters.
    static let widestExcerpt = 160
    /// The maximum length of a quoted value in a message, in characters.
    static let maxQuoteLength = 60

    /// Returns a scalar in visible form: a tab as an arrow; control, format and unassigned characters as a replacement
    /// mark.
    ///
    /// One scalar stays one scalar, so that columns stay correct.
    static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if scalar == "\t" { return "\u{2192}" }
        if (32...126).contains(scalar.value) { return scalar }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            return "\u{FFFD}"
        default: return scalar
        }
    }

    /// Returns `text` with everything replaced that could disturb a terminal, at most `limit` characters.
    static func visible(_ text: some StringProtocol, limit: Int = .max) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == limit {
                result.append("\u{2026}")
                break
            }
            result.append(visible(scalar))
        }
        return String(result)
    }

    /// Returns `text` in quotes for a message: bounded, visible, and hidden when it looks like a secret.
    static func quoted(_ text: String) -> String {
        if SecretShape.isSuspect(text) { return "(a value of \(text.unicodeScalars.count) characters, not shown)" }
        let masked = SecretShape.masked(Array(text.unicodeScalars.prefix(maxQuoteLength + 1)))
        return "'" + visible(String(String.UnicodeScalarView(masked)), limit: maxQuoteLength) + "'"
    }

    /// Returns the part of a line around a column, masked and visible.
    ///
    /// - Parameters:
    ///   - line: the line's bytes, without its line break; invalid UTF-8 is repaired.
    ///   - column: from 1; beyond the line's end means its end.
    /// - Returns: the excerpt, and the index of the column in it, from 0.
    static func excerpt(of line: ArraySlice<UInt8>, column: Int) -> (text: String, caret: Int) {
        // Long lines are cut before they are decoded: a scalar has at most four bytes.
        let before = max(0, column - 1)
        var start = line.startIndex
        var skipped = 0
        let leading = max(0, before - widestExcerpt / 2)
        while skipped < leading, start < line.endIndex {
            start += 1
            while start < line.endIndex, line[start] & 0xC0 == 0x80 { start += 1 }
            skipped += 1
        }
        // The text before the cut may contain the key of a secret, so it is masked together with the excerpt.
        let context = line[max(line.startIndex, start - 512)..<start]
        let rest = line[start...].prefix(4 * (widestExcerpt + 1))
        let prefix = Array(String(decoding: context, as: UTF8.self).unicodeScalars)
        let masked = SecretShape.masked(prefix + Array(String(decoding: rest, as: UTF8.self).unicodeScalars))
        var shown = Array(masked[prefix.count...].prefix(widestExcerpt).map(visible))
        if shown.count < masked.count - prefix.count, let last = shown.indices.last { shown[last] = "\u{2026}" }
        if skipped > 0, !shown.isEmpty { shown[0] = "\u{2026}" }
        return (String(String.UnicodeScalarView(shown)), min(before - skipped, shown.count))
    }
}
