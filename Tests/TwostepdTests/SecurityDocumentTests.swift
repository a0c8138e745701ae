import Foundation
import Testing

/// Checks docs/security.md against the tests that it names.
@Suite("The security document")
struct SecurityDocumentTests {
    private static let folder = ManPageTests.repository

    /// Returns the rows of the tables under "Claims": the claim, and its tests by file.
    private static func claims() throws -> [(claim: String, tests: [(file: String, name: String)])] {
        let text = try String(contentsOf: folder.appending(path: "docs/security.md"), encoding: .utf8)
        let part = text.components(separatedBy: "\n## Claims\n").dropFirst().first?.components(separatedBy: "\n## ")
            .first
        return try #require(part).split(separator: "\n").filter { $0.hasPrefix("| ") && !$0.hasPrefix("| claim |") }
            .map { row in
                let cells = row.split(separator: " | ")
                var tests: [(String, String)] = []
                for match in (cells.last ?? "").matches(of: #/`(\w+Tests)`: (\*[^*]+\*(?:, \*[^*]+\*)*)/#) {
                    for name in match.output.2.matches(of: #/\*([^*]+)\*/#) {
                        tests.append((String(match.output.1), String(name.output.1)))
                    }
                }
                return (String(cells.first ?? ""), tests)
            }
    }

    /// Returns the tests' sources by the name of their file.
    private static func sources() throws -> [String: String] {
        var sources: [String: String] = [:]
        let tests = folder.appending(path: "Tests").path
        for case let path as String in FileManager.default.enumerator(atPath: tests) ?? .init()
        where path.hasSuffix("Tests.swift") {
            let name = path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
            sources[String(name), default: ""] += try String(contentsOfFile: "\(tests)/\(path)", encoding: .utf8)
        }
        return sources
    }

    @Test func `every claim names a test, and every test that it names is there under that name`() throws {
        let sources = try Self.sources()
        let claims = try Self.claims()
        #expect(claims.count > 25)
        for (claim, tests) in claims {
            #expect(!tests.isEmpty, "no test shows: \(claim)")
            for test in tests {
                let source = sources[test.file] ?? ""
                #expect(source.contains("`\(test.name)`"), "\(test.file) has no test \(test.name)")
            }
        }
    }
}
