import Foundation
import Testing

/// The project's own rules, applied to the whole tree. `RuleTests` shows on planted mistakes what each rule finds.
@Suite("The tree is tidy")
struct TidyTests {
    private static func swift() throws -> [SourceFile] {
        let files = try SourceTree.swift.get()
        // A wrong root would find nothing, and so seem tidy.
        try #require(files.count > 300)
        return files
    }

    private static func all(_ rule: (SourceFile) -> [Finding]) throws -> String {
        try swift().flatMap(rule).map(\.description).joined(separator: "\n")
    }

    @Test func `no file is longer than 500 lines without a reason`() throws {
        let others = try SourceTree.files(
            ["Sources", "Tests", "scripts", "packaging", ".ci"], [".c", ".h", ".sh", ".ci/run", ".js", ".css"])
        try #require(others.count > 10)
        let findings = try (Self.swift() + others).flatMap(SizeRules.files)
        #expect(findings.map(\.description).joined(separator: "\n") == "")
    }

    @Test func `Planning imports nothing, and the engine only Planning`() throws {
        let findings = try Self.all(CoreRules.imports)
        #expect(findings == "")
    }

    @Test func `Files imports the system alone, and no other target does what it does`() throws {
        #expect(try Self.all { FileRules.calls($0) + FileRules.imports($0) } == "")
    }

    @Test func `every count that people read is written by one function, which knows the singular`() throws {
        let findings = try Self.all(CountRules.plurals)
        #expect(findings == "")
    }

    @Test func `nobody outside of the shell looks at the clock or throws dice`() throws {
        let findings = try Self.all(CoreRules.clockAndDice)
        #expect(findings == "")
        #expect(CoreRules.needlessEdges(try Self.swift()) == [])
    }

    @Test func `only the command line prints`() throws {
        let findings = try Self.all(CoreRules.printing)
        #expect(findings == "")
    }

    @Test func `no thread is one of those that a library makes one a processor`() throws {
        let findings = try Self.all(CoreRules.sharedThreads)
        #expect(findings == "")
    }
}

/// Documents and code must name the same things.
@Suite("The documents are true")
struct DocumentTests {
    private static func swift(_ path: String) throws -> SourceFile {
        SourceFile(path: path, text: try SourceTree.text(path))
    }

    private static func rules() throws -> DocumentRules {
        let shipped = try SourceTree.files(
            ["Sources", "config", "systemd", "scripts"], [".c", ".h", ".yaml", ".yml", ".service", ".conf", ".sh"])
        let all = try SourceTree.swift.get()
        let sources = all.filter { $0.target != nil }
        return DocumentRules(
            words: DocumentRules.words(of: shipped + all), metrics: ClosedLists.metrics(in: sources),
            exists: { FileManager.default.fileExists(atPath: SourceTree.root.appending(path: $0).path) })
    }

    @Test(arguments: ClosedLists.all.indices)
    func `every event, reason, condition, outcome and guard is explained, and nothing that is not there`(_ index: Int)
        throws
    {
        let list = ClosedLists.all[index]
        let names = ClosedLists.rawValues(of: list.type, in: try Self.swift(list.source))
        try #require(names.count > 1)
        #expect(ClosedLists.differences(list, names: names, document: try SourceTree.text(list.document)) == [])
    }

    @Test func `every setting is in the manual and in the sample, and nothing else is`() throws {
        let sources = try SourceTree.swift.get().filter { $0.target == "ConfigFile" }
        var known: Set<String> = []
        for type in ClosedLists.settingsKeys {
            let keys = sources.flatMap { ClosedLists.rawValues(of: type, in: $0) }
            try #require(keys.count > 2, "\(type)")
            known.formUnion(keys)
        }
        let manual = try SourceTree.text("docs/man/twostepd.yaml.5").replacing("\\-", with: "-")
        let sample = try SourceTree.text("config/twostepd.yaml")
        let documented = Set(manual.matches(of: #/\.TP\n\.B ([a-z_]+)\n/#).map { String($0.output.1) })
        let named = DocumentRules.words(of: [SourceFile(path: "config/twostepd.yaml", text: sample)])
        let shown = Set(sample.matches(of: #/(?:^|[\n{,]) *#? *(?:- )?([a-z_]+):/#).map { String($0.output.1) })
        #expect(documented == known, "docs/man/twostepd.yaml.5: one .TP for each key")
        #expect(known.subtracting(named).sorted() == [], "config/twostepd.yaml: show each key")
        #expect(shown.subtracting(known).sorted() == [], "config/twostepd.yaml: there is no such key")
    }

    @Test func `every metric is explained, and the documents, alerts and dashboard name no other`() throws {
        let rules = try Self.rules()
        try #require(rules.metrics.count > 20)
        let list = ClosedLists.List(
            type: "MetricsPage", source: "Sources/Daemon/Monitoring", document: "docs/reference.md", section: "Metrics"
        )
        #expect(
            ClosedLists.differences(
                list, names: rules.metrics.sorted(), document: try SourceTree.text(list.document)) == [])
        let files = try SourceTree.documents() + SourceTree.files(["config", "Tests/Prometheus"], [".yml", ".json"])
        #expect(files.flatMap(rules.unknownMetrics).map(\.description).joined(separator: "\n") == "")
    }

    @Test func `no document links to what is not there, or names what nobody knows`() throws {
        let rules = try Self.rules()
        let documents = try SourceTree.documents()
        try #require(documents.count > 5)
        let dead = documents.flatMap { rules.deadLinks($0) { try? SourceTree.text($0) } }  // No text, no headings.
        #expect(dead.map(\.description).joined(separator: "\n") == "")
        #expect(documents.flatMap(rules.unknownNames).map(\.description).joined(separator: "\n") == "")
    }
}
