import Testing

/// Each rule about documents finds a planted mistake.
@Suite("Each rule about documents finds what is planted")
struct DocumentRuleTests {
    private let rules = DocumentRules(
        words: ["max_exposed", "EngineDriver", "perform", "twostepd_spawn"],
        metrics: ["twostepd_requests", "twostepd_build"],
        exists: { ["docs/a.md", "Sources/A.swift", "README.md"].contains($0) })

    private func document(_ text: String) -> SourceFile { SourceFile(path: "docs/a.md", text: text) }

    @Test func `the raw values of an enumeration, whatever else is in it`() {
        let code = """
            enum Other: String { case z }
            struct S {
                public enum Kind: String, Sendable {
                    /// One, for case sake.
                    case one
                    case two = "second", three
                    var text: String {
                        switch self {
                        case .one: "x"
                        default: "y"
                        }
                    }
                    static let five = "six"
                }
            }
            enum More: String {
                case seven
            }
            """
        let file = SourceFile(path: "Sources/Planning/Kind.swift", text: code)
        #expect(ClosedLists.rawValues(of: "Kind", in: file) == ["one", "second", "three"])
        #expect(ClosedLists.rawValues(of: "Missing", in: file) == [])
    }

    @Test func `a case that the document leaves out, and a row without a case`() {
        let list = ClosedLists.List(type: "Kind", source: "k.swift", document: "docs/a.md", section: "Kinds")
        let text =
            "# A\n\n## Kinds\n\n| kind | |\n|---|---|\n| `one` | 1 |\n| `gone` | 2 |\n\n## More\n\n| `two` | 3 |\n"
        let findings = ClosedLists.differences(list, names: ["one", "two"], document: text)
        #expect(findings.map(\.line) == [3, 8])
        #expect(findings.map { $0.message.contains("`two`") } == [true, false])
        #expect(findings.map { $0.message.contains("`gone`") } == [false, true])
        #expect(ClosedLists.differences(list, names: ["one"], document: "# A\n").map(\.line) == [1])
    }

    @Test func `the names of metrics, from literals alone`() {
        let page = SourceFile(
            path: "Sources/Daemon/Monitoring/P.swift",
            text: "add(\"twostepd_numbers\", \"Numbers.\")\nadd(\"process_cpu_seconds\", \"twostepd_ x\")"
        )
        let other = SourceFile(path: "Sources/Daemon/Q.swift", text: "f(\"twostepd_other\")")
        #expect(ClosedLists.metrics(in: [page, other]) == ["process_cpu_seconds", "twostepd_numbers"])
    }

    @Test func `a metric that is not there, by any of its series`() {
        let file = document("twostepd_requests_total\ntwostepd_build_info twostepd_spawn\n`twostepd_gone`\n")
        #expect(rules.unknownMetrics(file).map(\.line) == [3])
    }

    @Test func `a link to a file or a heading that is not there`() {
        let text =
            "# A title: `x`\n[a](a.md) [b](../Sources/A.swift) [c](https://x.org/y)\n[d](gone.md)\n[e](#a-title-x)\n[f](a.md#gone)\n"
        #expect(rules.deadLinks(document(text)) { _ in text }.map(\.line) == [3, 5])
    }

    @Test func `a code word that nobody knows, and not what is in a fenced block`() {
        let text = """
            `max_exposed` `limits.max_exposed` `EngineDriver` `EngineDriver.perform` `twostepd.yaml` `status` `--flag_x`
            `min_exposed`
            `EngineDiver`
            `Sources/A.swift` and `cat README.md`
            `Sources/Gone.swift`
            ```sh
            `gone_word`
            ```
            """
        #expect(rules.unknownNames(document(text)).map(\.line) == [2, 3, 5])
    }
}
