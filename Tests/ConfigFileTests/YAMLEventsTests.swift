import Dice
import Foundation
import Planning
import Testing

@testable import ConfigFile

/// The accepted part of YAML, and the position at which everything else is refused.
@Suite struct YAMLEventsTests {
    /// A text with one refused construct, and the first line of the problem.
    struct Refused: Sendable, CustomTestStringConvertible {
        let text: String
        let problem: String
        var testDescription: String { text }

        init(_ text: String, _ problem: String) {
            self.text = text
            self.problem = problem
        }
    }

    static let refused = [
        Refused("a: &x b\n", "1:4: an anchor ('&') is not supported in this file"),
        Refused("a: [&x b]\n", "1:5: an anchor ('&') is not supported in this file"),
        Refused("a: &x {b: c}\n", "1:4: an anchor ('&') is not supported in this file"),
        Refused("a: !t &x b\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: &\n", "1:4: an anchor ('&') is not supported in this file"),
        Refused("*x : b\n", "1:1: an alias ('*') is not supported in this file"),
        Refused("a: ! b\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: ! \"b\"\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("é: !\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: !<b\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: !b!c d\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: !!map {b: c}\n", "1:4: a tag ('!') is not supported in this file"),
        Refused("a: |x\n b\n", "1:4: block text ('|' or '>') is not supported in this file"),
        Refused("a: >-\n  b\n", "1:4: block text ('|' or '>') is not supported in this file"),
        Refused("? a\n: b\n", "1:1: a key cannot begin with '?' here"),
        Refused("a: {? b: c}\n", "1:5: a key cannot begin with '?' here"),
        Refused("a: [?b, c]\n", "1:5: a key cannot begin with '?' here"),
        Refused("a: ?b\n", "1:4: a key cannot begin with '?' here"),
        Refused("[a]: b\n", "1:4: a ':' without a key before it"),
        Refused("{a: b} : c\n", "1:8: a ':' without a key before it"),
        Refused("a: {[b] : c}\n", "1:9: a ':' without a key before it"),
        Refused("a: b\n%TAG ! x\n", "2:1: a '%' directive is not supported in this file"),
        Refused("%FOO bar\n---\na: b\n", "1:1: a '%' directive is not supported in this file"),
        Refused("a: b\n%foo: c\n", "2:1: a '%' directive is not supported in this file"),
        Refused("--- # c\n--- # d\n", "2:1: a second YAML document begins here"),
        Refused("a: b\n---\n", "2:1: a second YAML document begins here"),
        Refused("a: b\n... # c\nd: e\n", "3:1: a second YAML document begins here"),
        Refused("--- {a: b}\n", "1:5: text after a document marker"),
        Refused("a: b\n... c\n", "2:5: text after a document marker"),
        Refused("a: b\n\n\n   c\n", "4:4: this line is indented under a value that is complete"),
        Refused("a: [b\r\n\r\n  c]\r\n", "3:3: a ',' or a closing bracket is missing before this"),
        Refused("a: 'b\n  c'\n", "1:4: this quote is not closed on its line"),
        Refused("\"a\n b\": c\n", "1:1: this quote is not closed on its line"),
        Refused("a: \"b\n---\n", "1:4: this quote is not closed on its line"),
        Refused("a: b\tc\n", "1:5: a tab is not allowed here"),
        Refused("a: b\t# c\n", "1:5: a tab is not allowed here"),
        Refused("a: [\t]\n", "1:5: a tab is not allowed here"),
        Refused("-\ta\n", "1:2: a tab is not allowed here"),
        Refused("a: b\n \tc: d\n", "2:2: a tab in the indentation"),
        Refused("a:\n\tb: c\n", "2:1: a tab in the indentation"),
        Refused("a:\n  b: c\n \td: e\n", "3:2: a tab in the indentation"),
        Refused("a:\n  - b\n\t# c\n  - d\n", "3:1: a tab in the indentation"),
        Refused("a:\n  - b # \t\n  \t# c\n  - d\n", "3:3: a tab in the indentation"),
        Refused("a:\n  - b: c\n      \t# d\n  - e: f\n", "3:7: a tab in the indentation"),
        Refused("a:\n  - b: \"c\"\n\t  # d\n  - e: f\n", "3:1: a tab in the indentation"),
        Refused("a: [\n\tb\n]\n", "2:1: a tab in the indentation"),
        Refused("a:\n  b: c\n\t\n", "3:1: a tab in the indentation"),
        Refused("a: b # \t c\n\t# d\n", "2:1: a tab in the indentation"),
        Refused("a: [b}\n", "1:6: the '[' of line 1 is closed by the wrong bracket"),
        Refused("a: [\n", "1:4: this '[' is never closed: the file ends inside it"),
        Refused("a: {b: [c,\n", "1:8: this '[' is never closed: the file ends inside it"),
        Refused("- a: b\n  c: d\ne: f\n", "3:1: a line at the level of the '-' of a list"),
        Refused("a: b\n- c\n", "2:1: a list item at the level of the keys of a mapping"),
        Refused(" a: b\nc: d\n", "2:1: this indentation matches no line above"),
        Refused("{a: b}\n\nc: d\n", "3:1: this line is indented under a value that is complete"),
        Refused("a: \"\\ud800\"\n", "1:5: this is not valid YAML: found invalid Unicode character escape code"),
        Refused("a: \"\\xg0\"\n", "1:5: this is not valid YAML: did not find expected hexdecimal number"),
        Refused("a: \"\\q\"\n", "1:5: this is not valid YAML: found unknown escape character"),
    ]

    @Test(arguments: refused)
    func `constructs that the files do not use are refused where they begin`(_ refused: Refused) {
        let reading = SettingsReader.read(bytes: Array(refused.text.utf8), file: "f")
        #expect(reading.value == nil)
        #expect(reading.problems.map { "\($0.line):\($0.column): \($0.message)" } == [refused.problem])
    }

    @Test(arguments: [
        "a: 'it''s ? \t %'\n", "a: what ? x?\n", "# \t ? %\n #\t\na: b\n", "a: b # ? \t %\n",
        "a: \"\\t\" #c\n", "a : b\n", "{\"a\":b}\n", "a: x&y\n", "---\na: b\n...\n", "a: []\n",
        "a: -x\n", "a: :x\n", "a: x!&*|>%@`\n", "\"?\": b\n", "é: ü\n", "a:\n- b\n-\n- - c\n", "a: b\r\nc: d\r\n",
    ])
    func `the same characters in text, quotes and comments are not refused`(_ text: String) {
        let problems = SettingsReader.read(bytes: Array(text.utf8), file: "f").problems
        #expect(problems.allSatisfy { $0.message.hasPrefix("unknown key") }, "\(problems)")
    }

    @Test func `events have their places in characters, whatever the line ends and the bytes`() throws {
        for newline in ["\n", "\r\n"] {
            let text = ["# ü", "é: {ö: \"漢字\", x: y}", "z:", "  - a"].joined(separator: newline)
            var places: [String] = []
            try Array(text.utf8).withUnsafeBufferPointer { bytes in
                let events = YAMLEvents(bytes, isSecret: true)
                try events.begin()
                while events.kind != .nothing {
                    if events.kind == .scalar {
                        let value = String(decoding: events.bytes, as: UTF8.self)
                        places.append("\(value) \(events.start.line):\(events.start.column)")
                    }
                    try events.advance()
                }
            }
            #expect(places == ["é 2:1", "ö 2:5", "漢字 2:8", "x 2:14", "y 2:17", "z 3:1", "a 4:5"])
        }
    }

    @Test func `nesting is admitted to its limit and no further`() {
        func read(_ depth: Int) -> [String] {
            let text = "a: \(String(repeating: "[", count: depth))\(String(repeating: "]", count: depth))\n"
            return SettingsReader.read(bytes: Array(text.utf8), file: "f").problems.map(\.message)
        }
        #expect(read(YAMLEvents.maxDepth - 1) == ["unknown key 'a' in the file"])
        #expect(read(YAMLEvents.maxDepth) == ["nested more than 32 deep"])
    }

    @Test func `a key is compared by what it says, not by how it is written`() {
        let text = "\"log\\u005flevel\": info\nlog_level: info\n'log_level': info\nx: 1\n\"\\x78\": 2\n"
        #expect(
            SettingsReader.read(bytes: Array(text.utf8), file: "f").problems.map { "\($0.line): \($0.message)" } == [
                "2: duplicate key 'log_level': first used on line 1",
                "3: duplicate key 'log_level': first used on line 1", "4: unknown key 'x' in the file",
                "5: duplicate key 'x': first used on line 4",
            ])
    }

    @Test(arguments: 0..<300) func `defaults behind the numbers are the same defaults`(_ seed: UInt64) {
        var generator = OddFileGenerator(random: SplitMix64(seed: seed))
        var parts = generator.sections()
        func read() -> Reading<DesiredState> {
            DesiredStateReader.read(
                bytes: Array((parts.joined(separator: "\n") + "\n").utf8), file: "f", secrets: FixtureSecrets(),
                references: .warnIfNoSource)
        }
        let before = read()
        parts.append(parts.remove(at: parts.count - 2))
        let behind = read()
        #expect(behind.value?.numbers == before.value?.numbers)
        let lines = #/line \d+/#
        func messages(_ reading: Reading<DesiredState>) -> [String] {
            reading.problems.map { $0.message.replacing(lines, with: "line") }.sorted()
        }
        #expect(messages(behind) == messages(before))
    }

    @Test(arguments: 0..<16)
    func `every file gives a value, or problems at places inside of it`(_ seed: UInt64) {
        var generator = OddFileGenerator(random: SplitMix64(seed: seed))
        var (values, refusals) = (0, 0)
        for round in 0..<400 {
            let text = round % 4 == 0 ? generator.secrets() : generator.desiredState()
            let bytes = Array(text.utf8)
            let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            let (isRead, problems) =
                round % 4 == 0
                ? outcome(SecretsFile.read(bytes: bytes, file: "f"))
                : outcome(DesiredStateReader.read(bytes: bytes, file: "f"))
            if isRead { values += 1 } else { refusals += 1 }
            for problem in problems {
                #expect((0...lines.count).contains(problem.line), "\(problem)\n\(text)")
                let width = problem.line > 0 ? lines[problem.line - 1].count : 0
                #expect((0...width + 1).contains(problem.column), "\(problem)\n\(text)")
            }
        }
        #expect(values > 50 && refusals > 50)
    }

    private func outcome<Value>(_ reading: Reading<Value>) -> (Bool, [ConfigProblem]) {
        #expect((reading.value == nil) == reading.problems.contains { $0.severity == .error })
        return (reading.value != nil, reading.problems)
    }
}
