import Foundation
import Planning
import Testing

/// The tables in docs/reference.md that are generated from the source: the comments of closed lists, the help texts of
/// the metrics, and the sentences of the planner's rules.
///
/// After a change of these: `TWOSTEPD_RECORD_REFERENCE=1 swift test --filter ReferenceTablesTests`.
@Suite("The generated tables in docs/reference.md", .serialized)
struct ReferenceTablesTests {
    /// One generated table.
    struct Table: CustomTestStringConvertible {
        let section: String
        /// The table's first line.
        let head: String
        let rows: @Sendable () throws -> [String]

        var testDescription: String { section }

        static let all = [
            Table(section: "Conditions", head: "| condition | it means |") {
                try list("NumberCondition", in: "Planning/NumberCondition.swift")
            },
            Table(section: "Reasons", head: "| reason | it means |") {
                try list("DecisionReason", in: "Planning/DecisionReason.swift")
            },
            Table(section: "Rules", head: "| rule | it says |") {
                PlannerRule.allCases.map { "| `\($0.rawValue)` | \($0.sentence) |" }
            },
            Table(section: "Outcomes", head: "| outcome | it means |") {
                try list("Verdict", in: "Planning/Outcome.swift")
            },
            Table(section: "Ends of requests", head: "| end | it means | outcome |") {
                try comments(of: "OutcomeReason", in: "Planning/OutcomeReason.swift").map { name, text in
                    let verdict = try #require(OutcomeReason(rawValue: name)).verdict
                    return "| `\(name)` | \(text) | `\(verdict.rawValue)` |"
                }
            },
            Table(section: "Events", head: "| event | what happened |") {
                try list("EventKind", in: "Planning/HistoryEntry.swift")
            },
            Table(section: "Guards in force", head: "| guard | it means |") {
                try list("Kind", in: "Planning/GuardState.swift")
            },
            Table(section: "Hooks", head: "| kind | what happened |") {
                try list("HookKind", in: "Planning/HookKind.swift")
            },
            Table(section: "Metrics", head: "| metric | kind | what it says |") { try metrics() },
        ]

        private static func source(_ path: String) throws -> String {
            try String(contentsOf: ManPageTests.repository.appending(path: "Sources/" + path), encoding: .utf8)
        }

        private static func list(_ type: String, in path: String) throws -> [String] {
            try comments(of: type, in: path).map { "| `\($0.name)` | \($0.text) |" }
        }

        /// Returns the raw value and the comment of every case of an enumeration, without the full stop.
        private static func comments(of type: String, in path: String) throws -> [(name: String, text: String)] {
            let lines = try source(path).components(separatedBy: "\n")
            let start = try #require(lines.firstIndex { $0.contains("enum \(type): ") })
            let indentation = lines[start].prefix { $0 == " " }
            let end = try #require(lines[start...].firstIndex(of: indentation + "}"))
            var comment: [Substring] = []
            var found: [(String, String)] = []
            for line in lines[(start + 1)..<end] {
                let text = line.drop { $0 == " " }
                if text.hasPrefix("/// ") {
                    comment.append(text.dropFirst(4))
                } else if let match = text.firstMatch(of: #/^case (\w+)(?: = "(\w+)")?$/#) {
                    try #require(!comment.isEmpty, "\(line) has no comment")
                    found.append((String(match.2 ?? match.1), comment.joined(separator: " ").withoutFullStop))
                    comment = []
                } else if !text.hasPrefix("//") && !text.isEmpty {
                    break
                }
            }
            try #require(!found.isEmpty)
            return found
        }

        /// Returns the metrics in the order of the source, with their help texts.
        private static func metrics() throws -> [String] {
            let folder = ManPageTests.repository.appending(path: "Sources/Daemon/Monitoring")
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            let text = try names.map { try source("Daemon/Monitoring/" + $0) }.joined()
            let pattern =
                #/(?:\.(gauge|counter|info), |(gauge\())?\s*"((?:twostepd|process)_\w+)",\s*((?:"[^"]*"[\s+]*)+)/#
            return text.matches(of: pattern).map { match in
                let kind = match.1 ?? (match.2 == nil ? "histogram" : "gauge")
                let parts = match.4.matches(of: #/"([^"]*)"/#).map(\.1)
                return "| `\(match.3)` | \(kind) | \(parts.joined().withoutFullStop) |"
            }
        }
    }

    @Test(arguments: Table.all)
    func `are what the source says`(_ table: Table) throws {
        let file = ManPageTests.repository.appending(path: "docs/reference.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let section = try #require(text.range(of: "## \(table.section)\n"))
        let head = try #require(text.range(of: table.head + "\n", range: section.upperBound..<text.endIndex))
        let begin = try #require(text.range(of: "|\n", range: head.upperBound..<text.endIndex)).upperBound
        let end = text.range(of: "\n\n", range: begin..<text.endIndex)?.lowerBound ?? text.index(before: text.endIndex)
        let rows = try table.rows().joined(separator: "\n")
        guard ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_REFERENCE"] != "1" else {
            let recorded = text.replacingCharacters(in: begin..<end, with: rows)
            return try recorded.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            text[begin..<end] == rows,
            "out of date: TWOSTEPD_RECORD_REFERENCE=1 swift test --skip-build --filter ReferenceTablesTests")
    }

    @Test func `the planner's rules are listed round by round`() {
        #expect(
            PlannerRule.needs + PlannerRule.observations + PlannerRule.refusals + PlannerRule.limits
                == PlannerRule.allCases)
    }
}

extension String {
    fileprivate var withoutFullStop: String { hasSuffix(".") ? String(dropLast()) : self }
}
