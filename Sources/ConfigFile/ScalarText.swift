/// Writes text as a YAML scalar.
enum ScalarText {
    /// Returns `text` in double quotes.
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

    /// Returns `text` without quotes where it has the same meaning without them, such as a name; otherwise in double
    /// quotes.
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

    /// The words that other YAML readers take for a boolean or null.
    private static let words: Set<String> = ["yes", "no", "on", "off", "y", "n", "true", "false", "null"]
}
