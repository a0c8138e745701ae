import Foundation
import Planning
import Testing

@testable import ConfigFile

/// Compares the manual pages of the two files with the keys that the readers know.
@Suite struct ManPageTests {
    private func page(_ name: String) throws -> String {
        let file = Fixtures.repository.appending(path: "docs/man/\(name)")
        return try String(contentsOf: file, encoding: .utf8).replacing("\\-", with: "-")
    }

    /// Returns the keys that a page documents, each on its own line after a `.TP`.
    private func keys(_ page: String) -> [String] { page.matches(of: #/\.TP\n\.B ([a-z_]+)\n/#).map { String($0.1) } }

    @Test func `every key of the settings is documented, and nothing else`() throws {
        let known =
            SettingsKey.allCases.map(\.rawValue) + LimitKey.allCases.map(\.rawValue)
            + TimingKey.allCases.map(\.rawValue) + HookKey.allCases.map(\.rawValue)
        #expect(keys(try page("twostepd.yaml.5")) == known)
    }

    @Test func `every key of the desired state is documented, and nothing else`() throws {
        let known = RootKey.allCases.map(\.rawValue) + EntryKey.allCases.map(\.rawValue)
        #expect(keys(try page("twostepd-desired-state.5")) == known)
    }

    @Test(arguments: ["twostepd.yaml.5", "twostepd-desired-state.5"])
    func `the defaults that a page names, put into a file, are those of the program`(_ name: String) throws {
        let found = try page(name).matches(
            of: #/\.TP\n\.B ([a-z_]+)\n(?:(?!\.TP\n|\.SH ).*\n)*?Default: \\fI(.*)\\fR\n/#)
        let defaults = found.map { (key: String($0.1), value: String($0.2)) }
        if name.hasPrefix("twostepd.yaml") {
            let limits = Set(LimitKey.allCases.map(\.rawValue))
            let timing = Set(TimingKey.allCases.map(\.rawValue))
            let top = defaults.filter { !limits.contains($0.key) && !timing.contains($0.key) }
            let text =
                top.map { "\($0.key): \($0.value)\n" }.joined()
                + "limits:\n"
                + defaults.filter { limits.contains($0.key) }.map { "  \($0.key): \($0.value)\n" }.joined()
                + "timing:\n"
                + defaults.filter { timing.contains($0.key) }.map { "  \($0.key): \($0.value)\n" }.joined()
            let reading = SettingsReader.read(bytes: Array(text.utf8), file: "x.yaml")
            #expect(reading.problems == [])
            #expect(reading.value == Settings())
            #expect(defaults.count == SettingsKey.allCases.count - 3 + limits.count + timing.count)
        } else {
            let entry = "version: 1\nnumbers:\n  - number: \"+15550100001\"\n    token: a\n"
            let full = entry + defaults.map { "    \($0.key): \($0.value)\n" }.joined()
            let (least, spelled) = (Array(entry.utf8), Array(full.utf8))
            let reading = DesiredStateReader.read(bytes: spelled, file: "x")
            #expect(reading.problems == [])
            #expect(reading.value?.numbers == DesiredStateReader.read(bytes: least, file: "x").value?.numbers)
            #expect(defaults.count == DefaultKey.allCases.count - 3, "a window, a date and an observer have no default")
        }
    }

    @Test func `the example of the desired-state page is valid`() throws {
        let text = try #require(
            try page("twostepd-desired-state.5").firstMatch(of: #/(?s)\.SH EXAMPLES\n\.nf\n(.*?)\.fi/#))
        let reading = DesiredStateReader.read(bytes: Array(String(text.1).utf8), file: "example")
        #expect(reading.problems == [])
        #expect(reading.value?.numbers.isEmpty == false)
    }
}
