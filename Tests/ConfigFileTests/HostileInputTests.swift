import Foundation
import Planning
import Testing

@testable import ConfigFile

/// Files crafted to do harm. A test that finishes at all is part of the proof: no input may be exponential, quadratic
/// in a large size, or overflow the stack.
@Suite struct HostileInputTests {
    private func problems(_ text: String) -> [ConfigProblem] {
        let reading = DesiredStateReader.read(bytes: Array(text.utf8), file: "f.yaml")
        #expect(reading.value == nil)
        return reading.problems
    }

    @Test(arguments: ["[", "{", "[{a: ", "- ", "? ", "- ["])
    func `a hundred thousand openings are refused where they become too deep`(_ opening: String) {
        let found = problems("version: 1\nnumbers:\n  " + String(repeating: opening, count: 100_000))
        #expect(found.count == 1)
        #expect(found[0].line >= 3)
    }

    @Test func `lines that are indented ever deeper are refused`() {
        let text = (0..<2000).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(problems(text).map(\.message) == ["nested more than 32 deep"])
        #expect(problems(text).map(\.line) == [33])
    }

    @Test func `an alias bomb is refused at its first anchor`() {
        var text = "version: 1\na: &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            text += "\(name): &\(name) [\(Array(repeating: "*\(before)", count: 9).joined(separator: ", "))]\n"
        }
        let found = problems(text)
        #expect(found.map(\.message) == ["an anchor ('&') is not supported in this file"])
        #expect((found[0].line, found[0].column) == (2, 4))
    }

    @Test func `a line of a million characters is shown in part`() {
        let found = problems("version: 1\nnumbers: []\nx: " + String(repeating: "long ", count: 200_000) + "\n")
        #expect(found.count == 2)
        #expect(found.allSatisfy { ($0.sourceLine ?? "").unicodeScalars.count <= 160 })
        #expect(found.allSatisfy { $0.rendered(color: true).utf8.count < 2000 })
    }

    @Test func `problems far to the right show the part of the line that matters`() throws {
        let padding = String(repeating: "é", count: 500)
        let found = problems("{version: 1, \"\(padding)\": 1, numbers: 7}\n")
        let last = try #require(found.last { $0.message.contains("'numbers'") })
        let shown = try #require(last.sourceLine)
        #expect(shown.hasPrefix("…") && shown.hasSuffix("numbers: 7}"))
        #expect(Array(shown)[last.caret] == "n")
    }

    @Test func `many problems are reported up to a limit, and then counted`() {
        let entries = (0..<5000).map { "  - {number: \"\($0)\", token: t\($0)}" }.joined(separator: "\n")
        let found = problems("version: 1\nnumbers:\n" + entries)
        #expect(found.count == 100)
        #expect(found.last?.message == "and 4901 more problems, not shown")
        #expect(found.last?.severity == .error)
        #expect(found == found.sorted())
    }

    @Test func `errors are not crowded out by warnings before them`() {
        let entries = (100..<300).map {
            "  - {number: \"+15550100\($0)\", token: t\($0), pin: p, rotate_every: 1d}\n"
        }.joined()
        let found = problems("version: 1\nnumbers:\n" + entries + "  - {}\n")
        #expect(found.count == 100)
        #expect(found.dropLast().last?.message == "this entry has no 'token'")
    }

    @Test func `a file with thousands of duplicate keys is refused in one pass`() {
        let keys = (0..<3000).map { _ in "    label: x\n" }.joined()
        let found = problems("version: 1\nnumbers:\n  - number: \"+15550100001\"\n    token: a\n" + keys)
        #expect(found.count == 100)
        #expect(found[0].message.contains("duplicate key 'label': first used on line 5"))
    }

    @Test func `one long line of JSON takes no longer than many short ones`() {
        let entries = (0..<5000).map { "{\"number\":\"+1555\(1_000_000 + $0)\",\"token\":\"t\($0)\"}" }
        let text = "{\"version\":1,\"numbers\":[\(entries.joined(separator: ","))]}"
        #expect(DesiredStateReader.read(bytes: Array(text.utf8), file: "f").value?.numbers.count == 5000)
        let twice = text.replacing("\"t4999\"", with: "\"t4999\",\"token\":1")
        #expect(problems(twice).map(\.message) == ["duplicate key 'token': first used on line 1"])
    }
}
