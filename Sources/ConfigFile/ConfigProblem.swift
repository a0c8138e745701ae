/// An error in a file, or a doubtful place.
///
/// It never holds a secret: a source line that may hold one is masked or left out before the problem is created.
public struct ConfigProblem: Hashable, Sendable {
    /// The severity of a problem.
    public enum Severity: String, Hashable, Sendable, CaseIterable {
        /// The file does not come into force.
        case error
        /// The file comes into force, but an operator should check it.
        case warning
    }

    /// The file's name, as it was given to the reader.
    public let file: String
    /// The line, from 1; 0 when the problem concerns the whole file.
    public let line: Int
    /// The column in characters (Unicode scalars), from 1; 0 when the problem concerns the whole file.
    public let column: Int
    public let severity: Severity
    /// The problem, in one line.
    public let message: String
    /// The remedy, in one line.
    public let hint: String?
    /// The part of the source line around the column, at most 160 characters, safe for a terminal; nil when there is no
    /// such line, or when it may hold a secret.
    public let sourceLine: String?
    /// The index of the column in ``sourceLine``, from 0.
    public let caret: Int

    public init(
        file: String, line: Int, column: Int, severity: Severity, message: String, hint: String? = nil,
        sourceLine: String? = nil, caret: Int = 0
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.message = message
        self.hint = hint
        self.sourceLine = sourceLine
        self.caret = caret
    }

    /// The same problem with the severity of an error.
    public var asError: ConfigProblem {
        ConfigProblem(
            file: file, line: line, column: column, severity: .error, message: message, hint: hint,
            sourceLine: sourceLine, caret: caret)
    }

    /// Returns the problem as text for a terminal: `file:line:column: error: message`, the source line, a caret and the
    /// hint.
    ///
    /// - Parameter color: whether to use ANSI colours.
    /// - Returns: one to four lines, without a newline at the end.
    public func rendered(color: Bool) -> String {
        let place = line > 0 ? "\(file):\(line):\(column)" : file
        var lines = ["\(place): \(paint(severity.rawValue, color: color)): \(message)"]
        if let sourceLine {
            lines.append("    " + sourceLine)
            lines.append("    " + String(repeating: " ", count: caret) + paint("^", color: color))
        }
        if let hint { lines.append("    hint: \(hint)") }
        return lines.joined(separator: "\n")
    }

    private func paint(_ text: String, color: Bool) -> String {
        guard color else { return text }
        return (severity == .error ? "\u{1B}[1;31m" : "\u{1B}[1;33m") + text + "\u{1B}[0m"
    }
}

extension ConfigProblem: Comparable {
    /// Orders by file, line, column, severity with errors first, then message.
    public static func < (left: ConfigProblem, right: ConfigProblem) -> Bool {
        if left.file != right.file { return left.file < right.file }
        if (left.line, left.column) != (right.line, right.column) {
            return (left.line, left.column) < (right.line, right.column)
        }
        if left.severity != right.severity { return left.severity == .error }
        return left.message < right.message
    }
}

extension ConfigProblem: CustomStringConvertible {
    public var description: String { rendered(color: false) }
}

extension ConfigProblem {
    /// The problem on one line, for logs and status: `file:line:column: message`.
    public var summary: String {
        line > 0 ? "\(file):\(line):\(column): \(message)" : "\(file): \(message)"
    }
}
