import Foundation
import Testing

/// Keeps twostepd(1) true: its COMMANDS section is generated from the binary's own description.
///
/// After a change of commands, options or help texts: `TWOSTEPD_RECORD_MAN=1 swift test --filter ManPageTests`.
@Suite("The manual page of the program", .inTurn)
struct ManPageTests {
    static let repository = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    static let page = repository.appending(path: "docs/man/twostepd.1")

    @Test func `it describes every command and every option as the binary has them`() async throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let begin = try #require(text.range(of: #"\.\\" BEGIN COMMANDS[^\n]*\n"#, options: .regularExpression))
        let end = try #require(text.range(of: #".\" END COMMANDS"#))
        let leaves = try await HelpDump.read().command.leaves
        #expect(leaves.count > 15)
        let expected = leaves.map { CommandSection($0).text }.joined()
        guard ProcessInfo.processInfo.environment["TWOSTEPD_RECORD_MAN"] != "1" else {
            let new = text[..<begin.upperBound] + expected + text[end.lowerBound...]
            return try Data(new.utf8).write(to: Self.page)
        }
        #expect(
            text[begin.upperBound..<end.lowerBound] == expected,
            "the page is out of date: TWOSTEPD_RECORD_MAN=1 swift test --skip-build --filter ManPageTests")
    }

    @Test func `options of every command are explained once, by their real names`() async throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        for option in ["\\-\\-config", "\\-\\-help", "\\-\\-version"] { #expect(text.contains(option)) }
        let names = try await HelpDump.read().command.leaves.flatMap { $0.arguments ?? [] }.filter(\.isCommon)
            .flatMap { $0.names ?? [] }.map(\.text)
        #expect(Set(names) == ["--config", "--help", "-h", "--version"])
    }

    @Test(.enabled(if: Self.hasGroff))
    func `groff has no complaint about any page`() async throws {
        for name in ["twostepd.1", "twostepd.yaml.5", "twostepd-desired-state.5"] {
            let path = Self.repository.appending(path: "docs/man/\(name)").path
            let complaints = try await Shell.run("sh", ["-c", "groff -man -ww -z -Tutf8 \"$0\" 2>&1", path])
            #expect(complaints == "", "\(name)")
        }
    }

    static let hasGroff = FileManager.default.isExecutableFile(atPath: "/usr/bin/groff")
}

/// One command in the manual's markup.
private struct CommandSection {
    let command: HelpDump.Command

    init(_ command: HelpDump.Command) { self.command = command }

    var text: String {
        let arguments = (command.arguments ?? []).filter { $0.shouldDisplay && !$0.isCommon }
        let usage = (command.words + arguments.map(Self.usage)).joined(separator: " ")
        var lines = [".SS \(Self.escaped(usage))"]
        lines += [Self.sentence(command.abstract ?? "")]
        lines += discussion
        for argument in arguments {
            lines += [".TP", ".B \(Self.escaped(Self.usage(argument, bare: true)))"]
            let fallback = argument.defaultValue.map { $0.isEmpty ? "" : " Default: \(Self.escaped($0))." } ?? ""
            lines.append(Self.sentence(argument.abstract ?? "") + fallback)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The discussion: paragraphs are filled, indented lines stay as they are.
    private var discussion: [String] {
        var lines: [String] = []
        var isExample = false
        for line in (command.discussion ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            let indented = line.hasPrefix("  ")
            if indented != isExample { lines.append(indented ? ".RS 4\n.nf" : ".fi\n.RE") }
            isExample = indented
            if line.isEmpty { continue }
            if !indented { lines.append(".PP") }
            lines.append(Self.escaped(indented ? String(line.dropFirst(2)) : String(line)))
        }
        if isExample { lines.append(".fi\n.RE") }
        return (lines.first == ".PP" || lines.isEmpty ? [] : [".PP"]) + lines
    }

    private static func usage(_ argument: HelpDump.Argument) -> String { usage(argument, bare: false) }

    private static func usage(_ argument: HelpDump.Argument, bare: Bool) -> String {
        let all = argument.allValues?.joined(separator: "|")
        // Values that would not fit into a line are in the help.
        let value = all.flatMap { $0.count <= 40 ? $0 : nil } ?? (argument.valueName ?? "").uppercased()
        let dots = argument.isRepeating ? " ..." : ""
        var text: String
        switch argument.kind {
        case "positional": text = value + dots
        case "flag": text = (argument.names ?? []).map(\.text).joined(separator: bare ? ", " : "|")
        default: text = (argument.names ?? []).map(\.text).joined(separator: bare ? ", " : "|") + " " + value + dots
        }
        if !bare, argument.isOptional { text = "[\(text)]" }
        return text
    }

    private static func sentence(_ text: String) -> String { escaped(text) }

    /// Returns text that the formatter treats as plain text.
    private static func escaped(_ text: String) -> String {
        let plain = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("'", with: "\\(aq")
            .replacing("`", with: "\\(ga").replacing("…", with: "\\[u2026]")
        return plain.hasPrefix(".") ? "\\&" + plain : plain
    }
}
