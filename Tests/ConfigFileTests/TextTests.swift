import Planning
import Testing

@testable import ConfigFile

@Suite struct SecretShapeTests {
    @Test(arguments: ["a", "support-us", "A.b_c-9", String(repeating: "a", count: 64), "12"])
    func `a name of letters, digits, dots, dashes and underscores is one`(_ text: String) {
        #expect(SecretShape.isName(text))
    }

    @Test(arguments: ["", "-a", ".a", "_a", "a b", "a/b", "é", "a\n", String(repeating: "a", count: 65)])
    func `anything else is no name`(_ text: String) {
        #expect(!SecretShape.isName(text))
    }

    @Test(arguments: [
        "4f1e8a7c93b24d5f9a6e7", "Zk3xPqLmN8vRtYwSbHdJ", "550e8400-e29b-41d4-a716-446655440000",
        "prefix-4f1e8a7c93b24d5f9a6e7",
    ])
    func `what a machine made looks like a token`(_ text: String) {
        #expect(SecretShape.looksLikeToken(text) && SecretShape.isSuspect(text))
    }

    @Test(arguments: [
        "support-us", "customer-00012345-production-eu", "internationalcustomersupport", "15550100001",
        "a-very-long-name-with-many-parts-2026-11-01", "token-00000000000000000001",
    ])
    func `what a person wrote does not`(_ text: String) {
        #expect(!SecretShape.looksLikeToken(text) && !SecretShape.isSuspect(text))
    }

    @Test(arguments: [
        ("    token: support-us # the name", "    token: support-us # the name"),
        ("token: \"a/b\"", "token: \"****"), ("api_token = x: y", "api_token = x: y"),
        ("observer: a/b", "observer: ***"), ("observer_endpoint: https://a", "observer_endpoint: https://a"),
        ("x: 907856", "x: ******"), ("  \"pin\": nine eight", "  \"pin\": **********"),
        ("{number: \"+15550100001\", token: a, pin: b}", "{number: \"+15550100001\", token: a, pin: b}"),
        ("label: 4f1e8a7c93b24d5f9a6e7", "label: *********************"),
    ])
    func `a line is masked where a secret may stand, width for width`(_ line: String, _ expected: String) {
        let masked = SecretShape.masked(Array(line.unicodeScalars))
        #expect(String(String.UnicodeScalarView(masked)) == expected)
    }
}

@Suite struct NearestNameTests {
    @Test(arguments: [
        ("endpont", "endpoint"), ("rotate-every", "rotate_every"), ("tokne", "token"), ("Number", "number"),
    ])
    func `a slip of the fingers finds its word`(_ text: String, _ expected: String) {
        #expect(NearestName.suggestion(for: text, among: EntryKey.allCases.map(\.rawValue)) == expected)
    }

    @Test(arguments: ["", "xyz", "colour", "q"])
    func `what is near nothing finds nothing`(_ text: String) {
        #expect(NearestName.hint(for: text, among: EntryKey.allCases.map(\.rawValue)) == nil)
    }

    @Test func `the nearest of several is taken`() {
        #expect(NearestName.suggestion(for: "abcdx", among: ["abxyx", "abcd", "abcde"]) == "abcd")
    }
}

@Suite struct ConfigProblemTests {
    private let problem = ConfigProblem(
        file: "f.yaml", line: 3, column: 5, severity: .warning, message: "odd", hint: "mend it", sourceLine: "a: bc",
        caret: 4)

    @Test func `a problem is rendered with its place, line, caret and hint`() {
        #expect(problem.rendered(color: false) == "f.yaml:3:5: warning: odd\n    a: bc\n        ^\n    hint: mend it")
        #expect("\(problem)" == problem.rendered(color: false))
        #expect(problem.rendered(color: true).contains("\u{1B}[1;33mwarning\u{1B}[0m"))
    }

    @Test func `a problem with a whole file has no line`() {
        let whole = ConfigProblem(file: "f", line: 0, column: 0, severity: .error, message: "gone")
        #expect(whole.rendered(color: false) == "f: error: gone")
        #expect(whole.rendered(color: true).contains("\u{1B}[1;31merror"))
    }

    @Test func `problems are ordered by file, line, column, errors first`() {
        func make(_ file: String, _ line: Int, _ column: Int, _ severity: ConfigProblem.Severity, _ text: String)
            -> ConfigProblem
        { ConfigProblem(file: file, line: line, column: column, severity: severity, message: text) }
        let ordered = [
            make("a", 9, 9, .error, "z"), make("b", 1, 1, .error, "a"), make("b", 1, 1, .error, "b"),
            make("b", 1, 1, .warning, "a"), make("b", 1, 2, .error, "a"), make("b", 2, 1, .error, "a"),
        ]
        #expect(ordered.reversed().sorted() == ordered)
    }

    @Test func `nothing in a message can move a terminal's cursor`() {
        #expect(VisibleText.visible("a\u{1B}[2J\t\u{202E}\u{200B}b") == "a\u{FFFD}[2J\u{2192}\u{FFFD}\u{FFFD}b")
        #expect(VisibleText.quoted(String(repeating: "ab ", count: 30)).unicodeScalars.count == 63)
    }

    @Test func `a reading drops a value beside an error`() {
        let reading = Reading(
            value: 7,
            problems: [
                ConfigProblem(file: "f", line: 1, column: 1, severity: .error, message: "no")
            ], sha256: nil)
        #expect(reading.value == nil && reading.errors.count == 1)
        #expect(Reading(value: 7, problems: [problem], sha256: nil).value == 7)
    }
}

@Suite struct LoopbackHostTests {
    @Test(arguments: ["localhost", "LOCALHOST", "127.0.0.1", "127.255.0.9", "::1", "[::1]"])
    func `hosts on this machine are told`(_ host: String) {
        #expect(LoopbackHost.contains(host))
    }

    @Test(arguments: [
        "", "127.0.0.1.example.com", "127.1", "128.0.0.1", "127.0.0.256", "127.0.0.01", "localhost.example.com", "::",
        "0.0.0.0", "127.0.0.", "127.0.0.1 ",
    ])
    func `all others are not`(_ host: String) {
        #expect(!LoopbackHost.contains(host))
    }
}

@Suite struct ScalarKindTests {
    @Test(arguments: [
        ("", ScalarKind.null), ("~", .null), ("NULL", .null), ("true", .boolean), ("False", .boolean), ("0", .integer),
        ("-12", .integer), ("+15550100001", .integer), ("0x1F", .integer), ("0o17", .integer), ("1.5", .number),
        ("1e3", .number), ("-.inf", .number), (".NaN", .number), ("yes", .text), ("off", .text), ("30d", .text),
        ("2026-11-01", .text), ("1:30", .text), ("+", .text), ("0x", .text), ("-", .text), ("1e", .text), (".", .text),
    ])
    func `a plain scalar is what YAML 1.2 says it is`(_ text: String, _ kind: ScalarKind) {
        #expect(ScalarKind(plain: text) == kind)
    }
}
