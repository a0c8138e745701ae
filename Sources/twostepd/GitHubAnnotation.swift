import ConfigFile

/// A problem as a workflow command of GitHub Actions, which shows it beside the line.
///
/// Source of the form: "Workflow commands for GitHub Actions", GitHub Docs.
struct GitHubAnnotation {
    let text: String

    init(_ problem: ConfigProblem) {
        var properties = ["file=\(Self.property(problem.file))"]
        if problem.line > 0 { properties += ["line=\(problem.line)", "col=\(max(problem.column, 1))"] }
        properties.append("title=twostepd")
        let message = [problem.message, problem.hint.map { "hint: \($0)" }].compactMap(\.self).joined(separator: "\n")
        text = "::\(problem.severity.rawValue) \(properties.joined(separator: ","))::\(Self.data(message))"
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(text).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
