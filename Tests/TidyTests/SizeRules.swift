/// Keeps files short enough to understand as a whole.
///
/// A longer file states its reason in a comment among its first lines that begins with `Long because`.
enum SizeRules {
    static let maxFileLines = 500

    private static let reason = "Long because"

    static func files(_ file: SourceFile) -> [Finding] {
        guard file.lineCount > maxFileLines,
            !file.text.split(separator: "\n").prefix(20).contains(where: { $0.contains(reason) })
        else { return [] }
        return [
            Finding(
                path: file.path, line: maxFileLines + 1,
                message: "\(file.lineCount) lines, and \(maxFileLines) are the limit: split it by what it does, or say "
                    + "'\(reason) …' in a comment at its top")
        ]
    }
}
