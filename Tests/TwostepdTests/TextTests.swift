import ConfigFile
import Daemon
import Foundation
import Planning
import Testing

@testable import Storage
@testable import twostepd

/// Texts for people, compared with files that a person has reviewed.
///
/// After an intended change: `TWOSTEPD_RECORD_GOLDEN=1 swift test --filter TextTests`, then review the difference.
@Suite("Text for people")
struct TextTests {
    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    private func expect(_ lines: [String], _ name: String, width: Int) throws {
        for line in lines where width > 0 { #expect(line.displayWidth <= width, "\(name): \(line)") }
        let text = lines.map { $0 + "\n" }.joined()
        let file = Self.golden.appending(path: "\(name)-\(width).txt")
        if ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_GOLDEN"] == "1" {
            try FileManager.default.createDirectory(at: Self.golden, withIntermediateDirectories: true)
            return try Data(text.utf8).write(to: file)
        }
        let expected = try String(contentsOf: file, encoding: .utf8)
        #expect(text == expected, "\(name) at \(width) columns")
    }

    @Test(arguments: [80, 160])
    func `status, one number, plan and history at 80 and 160 columns`(width: Int) throws {
        let fleet = try TextFleet()
        let snapshot = try fleet.snapshot()
        try expect(fleet.status(width: width), "status", width: width)
        try expect(fleet.status(width: width, isAbsolute: true), "status-absolute", width: width)
        let exposed = try #require(fleet.standings().first)
        let number = exposed.record.number
        let text = NumberText(
            standing: exposed, snapshot: snapshot, policy: Policy(), pins: fleet.pins,
            changes: fleet.changes(number), events: fleet.events(number))
        try expect(text.lines(width: width), "number", width: width)
        let drifted = try fleet.drifted()
        let drift = NumberText(
            standing: drifted, snapshot: snapshot, policy: Policy(), pins: [], changes: [],
            events: fleet.drift(of: drifted.record.number))
        try expect(drift.lines(width: width), "number-drift", width: width)
        let rows = try fleet.standings().filter { $0.record.desired != nil }
            .map { PlanRow($0, time: RelativeTime(now: fleet.now)) }
        let plan = PlanText(
            rows: rows, document: PlanDocument(rows.map(\.share)), now: fleet.now, width: width)
        try expect(plan.lines, "plan", width: width)
        let time = RelativeTime(now: fleet.now, isAbsolute: true)
        try expect(
            HistoryText(time: time).lines(fleet.changes(number).reversed(), width: width), "history", width: width)
        try expect(EventText(time: time).lines(fleet.events(number), width: width), "events", width: width)
    }

    @Test(arguments: [80])
    func `what a compiler would say of a file, at any width`(width: Int) throws {
        let text =
            "version: 1\nnumbers:\n  - number: \"+15550100001\"\n    labl: a\n    token: a\n    rotate_every: 900d\n"
        let reading = DesiredStateReader.read(bytes: Array(text.utf8), file: "desired-state.yaml")
        let lines = reading.problems.flatMap { $0.rendered(color: false).components(separatedBy: "\n") }
        #expect(lines.contains { $0.contains("did you mean 'label'") })
        try expect(lines, "check", width: 0)
    }

    @Test func `colours are those of the condition, and nothing else changes`() throws {
        let fleet = try TextFleet()
        let plain = try fleet.status(width: 100)
        let coloured = try fleet.status(width: 100, colours: true)
        #expect(coloured.contains { $0.contains("\u{1B}[1;31mexposed\u{1B}[0m") })
        #expect(coloured.map { $0.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") } == plain)
    }

    @Test func `a selection is by name, pattern, label and condition, and an unknown name is an error`() throws {
        let fleet = try TextFleet()
        let (all, location) = (try fleet.standings(), StoreLocation(directory: "/nowhere"))
        func labels(_ selection: NumberSelection) throws -> [String] {
            let found = Set(selection.names.filter { name in all.contains { NumberSelection.isMeant($0, by: name) } })
            try selection.requireAll(found, in: location)
            return all.filter(selection.means).map { $0.record.desired?.label ?? "-" }.sorted()
        }
        #expect(try labels(NumberSelection()).count == 8)
        #expect(try labels(NumberSelection(names: ["sales", "+15550100001"])) == ["sales", "support-us"])
        #expect(try labels(NumberSelection(names: ["support-*"])).count == 2)
        #expect(try labels(NumberSelection(names: ["+1555010000[67]"])) == ["-", "new"])
        #expect(try labels(NumberSelection(conditions: [.exposed, .paused])).contains("sales"))
        #expect(try labels(NumberSelection(conditions: [.converged], label: "support-*")) == ["support-us"])
        #expect(throws: CommandFailure.self) { try labels(NumberSelection(names: ["nobody"])) }
        #expect(throws: CommandFailure.self) { try labels(NumberSelection(names: ["nobody*"])) }
    }

    @Test func `CSV quotes what has to be quoted, and bounds of time are read in each form`() throws {
        #expect(CSV.line(["a", "b,c", "d\"e", "f\r\ng", nil]) == "a,\"b,c\",\"d\"\"e\",\"f\r\ng\",\r\n")
        let now = try TextFleet().now
        #expect(try TimeBound.read("7d", option: "--since", now: now) == now.advanced(by: .seconds(-7 * 86_400)))
        #expect(
            try TimeBound.read("2026-11-01", option: "--since", now: now).description.hasPrefix("2026-11-01T00:00:00"))
        #expect(
            try TimeBound.read("2026-11-01T10:00:00Z", option: "--since", now: now).description.hasPrefix(
                "2026-11-01T10"))
        #expect(throws: CommandFailure.self) { try TimeBound.read("yesterday", option: "--since", now: now) }
    }

    @Test func `text wraps at spaces, counts wide characters as two, and says when it leaves something out`() {
        #expect("one two three".wrapped(to: 7) == ["one two", "three"])
        #expect("abcdefghij".wrapped(to: 4) == ["abcd", "efgh", "ij"])
        #expect("日本語".displayWidth == 6 && "日本語".cut(to: 5) == "日本…")
        #expect(
            "a b c d".wrapped(to: 1, maxLines: 2) == ["a", "…"] || "a b c d".wrapped(to: 1, maxLines: 2).count == 2)
    }
}
