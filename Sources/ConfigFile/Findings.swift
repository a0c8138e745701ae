import Planning

/// Collects the problems of one file. The source lines are added at the end, when all problems are known.
final class Findings {
    /// A position in a file, line and column from 1; (0, 0) is the whole file.
    struct Position: Hashable, Comparable {
        var line: Int
        var column: Int

        static let wholeFile = Position(line: 0, column: 0)

        static func < (left: Position, right: Position) -> Bool {
            left.line == right.line ? left.column < right.column : left.line < right.line
        }
    }

    private struct Finding {
        let position: Position
        let severity: ConfigProblem.Severity
        let message: String
        let hint: String?
        let showsSource: Bool
    }

    /// The maximum of findings of each severity that are kept for sorting; the rest is only counted.
    private static let maxKept = 1000
    /// The number of errors after which reading stops.
    private static let maxErrors = 100_000

    private let file: String
    private let bytes: [UInt8]
    /// False for a file of secrets, whose lines are never shown.
    private let showsSource: Bool
    private var kept: [Finding] = []
    private var counts: [ConfigProblem.Severity: Int] = [:]

    init(file: String, bytes: [UInt8], showsSource: Bool = true) {
        self.file = VisibleText.visible(file, limit: 4096)
        self.bytes = bytes
        self.showsSource = showsSource
    }

    /// True when there is an error so far.
    var hasErrors: Bool { counts[.error] != nil }

    /// True when there are so many errors that more of them would not help.
    var isFull: Bool { counts[.error, default: 0] >= Self.maxErrors }

    /// Adds an error. Its texts are only made while errors are kept, so that a file with a million errors is refused
    /// quickly.
    func error(
        _ position: Position, _ message: @autoclosure () -> String, hint: @autoclosure () -> String? = nil,
        showsSource: Bool = true
    ) {
        add(position, .error, message, hint, showsSource)
    }

    /// Adds a warning.
    func warning(
        _ position: Position, _ message: @autoclosure () -> String, hint: @autoclosure () -> String? = nil
    ) {
        add(position, .warning, message, hint, true)
    }

    /// Reports a refusal in place of all problems so far, because the refused text makes them doubtful.
    func replaceAll(with refusal: YAMLRefusal) {
        removeAll()
        error(refusal.position, refusal.message, hint: refusal.hint)
    }

    /// Removes all problems, before a file is read again.
    func removeAll() {
        kept = []
        counts = [:]
    }

    private func add(
        _ position: Position, _ severity: ConfigProblem.Severity, _ message: () -> String, _ hint: () -> String?,
        _ showsSource: Bool
    ) {
        let count = (counts[severity] ?? 0) + 1
        counts[severity] = count
        guard count <= Self.maxKept else { return }
        kept.append(
            Finding(
                position: position, severity: severity, message: message(), hint: hint(),
                showsSource: showsSource && self.showsSource))
    }

    /// Returns the problems in order, each with its source line, at most `limit`.
    func problems(limit: Int) -> [ConfigProblem] {
        let total = counts.values.reduce(0, +)
        let ordered = kept.enumerated().sorted { left, right in
            let (a, b) = (left.element.position, right.element.position)
            if a != b { return a < b }
            let (first, second) = (left.element.severity, right.element.severity)
            return first == second ? left.offset < right.offset : first == .error
        }.map(\.element)
        guard total > limit else { return locate(ordered) }
        // Errors keep a file out of force, so they take precedence over warnings.
        let errors = ordered.filter { $0.severity == .error }.prefix(limit - 1)
        let warnings = ordered.filter { $0.severity == .warning }.prefix(limit - 1 - errors.count)
        let chosen = (errors + warnings).sorted {
            ($0.position.line, $0.position.column) < ($1.position.line, $1.position.column)
        }
        let last = chosen.last?.position ?? .wholeFile
        let more = total - chosen.count
        let rest = ConfigProblem(
            file: file, line: last.line, column: last.column, severity: hasErrors ? .error : .warning,
            message: "and \(more.counted("more problem")), not shown", hint: "fix these first")
        return locate(chosen) + [rest]
    }

    /// Finds the source lines in one pass over the bytes.
    private func locate(_ findings: [Finding]) -> [ConfigProblem] {
        var line = 1
        var start = 0
        return findings.map { finding in
            let position = finding.position
            while line < position.line, start < bytes.count {
                start = (bytes[start...].firstIndex(of: 0x0A) ?? bytes.count - 1) + 1
                line += 1
            }
            var excerpt: (text: String, caret: Int)?
            if finding.showsSource, position.line > 0, line == position.line, start < bytes.count {
                // The excerpt is cut from the part of a long line that ends well after the column.
                let limit = min(bytes.count, start + 4 * (position.column + 2 * VisibleText.widestExcerpt))
                let end = bytes[start..<limit].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? limit
                excerpt = VisibleText.excerpt(of: bytes[start..<end], column: position.column)
                if excerpt?.text.isEmpty ?? true { excerpt = nil }
            }
            return ConfigProblem(
                file: file, line: position.line, column: position.column, severity: finding.severity,
                message: VisibleText.visible(finding.message, limit: 1000),
                hint: finding.hint.map { VisibleText.visible($0, limit: 1000) }, sourceLine: excerpt?.text,
                caret: excerpt?.caret ?? 0)
        }
    }
}
