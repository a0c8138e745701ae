/// The result of reading a file: a value, or the reasons why there is no value.
public struct Reading<Value: Sendable>: Sendable {
    /// The maximum of problems that one reading reports.
    public static var maxProblems: Int { 100 }

    /// The value; nil exactly when there is an error among the problems.
    public let value: Value?
    /// The errors and warnings, ordered by file, line and column, at most ``maxProblems``; with more of them, the last
    /// one states their count.
    public let problems: [ConfigProblem]
    /// SHA-256 of the file's bytes, 64 lower-case hexadecimal digits; nil when the file could not be read.
    public let sha256: String?

    /// Creates a reading; a value beside an error is dropped.
    public init(value: Value?, problems: [ConfigProblem], sha256: String?) {
        let failed = problems.contains { $0.severity == .error }
        precondition(failed || value != nil, "a reading without a value says why")
        self.value = failed ? nil : value
        self.problems = problems
        self.sha256 = sha256
    }

    /// The problems that prevent the use of the file.
    public var errors: [ConfigProblem] { problems.filter { $0.severity == .error } }

    /// Returns all problems as text for a terminal, one after the other.
    public func rendered(color: Bool) -> String {
        problems.map { $0.rendered(color: color) }.joined(separator: "\n")
    }
}
