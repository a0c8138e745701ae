import Foundation

/// Compares the lists in the code whose names users meet with the documents that explain them.
enum ClosedLists {
    /// One such list: an enumeration whose raw values are the names, and the section with a row for each.
    struct List {
        let type: String
        let source: String
        let document: String
        let section: String
    }

    private static let reference = "docs/reference.md"

    static let all = [
        List(
            type: "EventKind", source: "Sources/Planning/HistoryEntry.swift", document: reference, section: "Events"),
        List(
            type: "DecisionReason", source: "Sources/Planning/DecisionReason.swift", document: reference,
            section: "Reasons"),
        List(
            type: "NumberCondition", source: "Sources/Planning/NumberCondition.swift", document: reference,
            section: "Conditions"),
        List(type: "Verdict", source: "Sources/Planning/Outcome.swift", document: reference, section: "Outcomes"),
        List(
            type: "OutcomeReason", source: "Sources/Planning/OutcomeReason.swift", document: reference,
            section: "Ends of requests"),
        List(type: "HookKind", source: "Sources/Planning/HookKind.swift", document: reference, section: "Hooks"),
        List(
            type: "Kind", source: "Sources/Planning/GuardState.swift", document: reference,
            section: "Guards in force"),
    ]

    /// The enumerations that hold the keys of the settings.
    static let settingsKeys = ["SettingsKey", "LimitKey", "TimingKey", "HookKey"]

    /// Returns the names that the document of a list lacks, and those that it has in excess.
    static func differences(_ list: List, names: [String], document text: String) -> [Finding] {
        guard let section = section(list.section, of: text) else {
            return [Finding(path: list.document, line: 1, message: "has no section \"## \(list.section)\"")]
        }
        let rows = rows(of: section)
        let missing = names.filter { name in !rows.contains { $0.name == name } }.map { name in
            Finding(
                path: list.document, line: section.firstLine,
                message: "\(list.section) does not name `\(name)` of \(list.type) in \(list.source): add a row")
        }
        let unknown = rows.filter { !names.contains($0.name) }.map { row in
            Finding(
                path: list.document, line: row.line,
                message:
                    "`\(row.name)` is no case of \(list.type) in \(list.source): take the row out, or mend its name")
        }
        return missing + unknown
    }

    // MARK: - Code

    /// Returns the raw values of the enumeration `type`, in order; a case without a raw value has its own name.
    ///
    /// Formatted source closes an enumeration at the indentation of its first line, and its cases are one level deeper.
    static func rawValues(of type: String, in file: SourceFile) -> [String] {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        let head = lines.firstIndex {
            $0.split(separator: " ").drop { $0 != "enum" }.dropFirst().first ?? "" == "\(type):"
        }
        guard let head else { return [] }
        let margin = String(lines[head].prefix { $0 == " " })
        return lines[(head + 1)...].prefix { $0 != margin + "}" }.filter { $0.hasPrefix(margin + "    case ") }
            .flatMap { line in
                line.dropFirst(margin.count + 9).matches(of: #/(?:^|, )(\w+)(?: = "([^"]*)")?/#).map { match in
                    String(match.output.2 ?? match.output.1)
                }
            }
    }

    /// Returns the names of metrics: the literals in the source of the metrics page.
    static func metrics(in files: [SourceFile]) -> Set<String> {
        let pages = files.filter { $0.path.hasPrefix("Sources/Daemon/Monitoring/") }
        let literals = pages.flatMap { $0.text.matches(of: #/"((?:twostepd|process)_[a-z]+(?:_[a-z]+)*)"/#) }
        return Set(literals.map { String($0.output.1) })
    }

    // MARK: - Documents

    struct Section {
        let lines: [Substring]
        /// The line of the heading, counted from 1.
        let firstLine: Int
    }

    /// Returns the lines below a heading of the second level, up to the next.
    static func section(_ title: String, of document: String) -> Section? {
        let lines = document.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "## \(title)") else { return nil }
        let rest = lines[(start + 1)...]
        let end = rest.firstIndex { $0.hasPrefix("## ") } ?? rest.endIndex
        return Section(lines: Array(rest[..<end]), firstLine: start + 1)
    }

    /// Returns the rows of a section's tables whose first cell is a name in backticks.
    static func rows(of section: Section) -> [(name: String, line: Int)] {
        section.lines.enumerated().compactMap { index, line in
            line.prefixMatch(of: #/\| `([A-Za-z0-9_()]+)` \|/#).map {
                (String($0.output.1), section.firstLine + 1 + index)
            }
        }
    }
}
