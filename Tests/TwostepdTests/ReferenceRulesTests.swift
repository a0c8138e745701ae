import Foundation
import Planning
import Testing

/// The table of rules in docs/reference.md, which is generated from the code.
///
/// After a change of the rules: `TWOSTEPD_RECORD_REFERENCE=1 swift test --filter ReferenceRulesTests`.
@Suite("The rules in docs/reference.md")
struct ReferenceRulesTests {
    private static var rows: String {
        PlannerRule.allCases.map { "| `\($0.rawValue)` | \($0.sentence) |" }.joined(separator: "\n")
    }

    @Test func `are those of the planner, round by round`() throws {
        let file = ManPageTests.repository.appending(path: "docs/reference.md")
        let text = try String(contentsOf: file, encoding: .utf8)
        let head = "## Rules\n"
        let marker = "| rule | it says |\n|---|---|\n"
        let section = try #require(text.range(of: head))
        let begin = try #require(text.range(of: marker, range: section.upperBound..<text.endIndex)).upperBound
        let end = try #require(text.range(of: "\n\n", range: begin..<text.endIndex)).lowerBound
        guard ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_REFERENCE"] != "1" else {
            let recorded = text.replacingCharacters(in: begin..<end, with: Self.rows)
            return try recorded.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            text[begin..<end] == Self.rows,
            "the table is out of date: TWOSTEPD_RECORD_REFERENCE=1 swift test --skip-build --filter ReferenceRulesTests"
        )
        #expect(
            PlannerRule.needs + PlannerRule.observations + PlannerRule.refusals + PlannerRule.limits
                == PlannerRule.allCases)
    }
}
