import Foundation
import Planning
import Testing

@testable import ConfigFile

/// Real files crafted to do harm: each is refused with a clear problem.
@Suite struct HostileFileTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    /// Returns the only problem of a desired state with this content.
    private func refusal(_ content: Data, _ location: SourceLocation = #_sourceLocation) throws -> ConfigProblem {
        try refusal(of: folder.write("desired-state.yaml", content), location) { DesiredStateReader.read(path: $0) }
    }

    private func refusal<Value>(
        of path: String, _ location: SourceLocation = #_sourceLocation, _ read: (String) -> Reading<Value>
    ) throws -> ConfigProblem {
        let reading = read(path)
        #expect(reading.value == nil && reading.problems.count == 1, sourceLocation: location)
        let problem = try #require(reading.problems.first, sourceLocation: location)
        #expect(problem.rendered(color: true).utf8.count < 2000, sourceLocation: location)
        return problem
    }

    private func place(_ problem: ConfigProblem) -> String { "\(problem.line):\(problem.column): \(problem.message)" }

    /// Creates a file of `size` bytes that takes no room on the disk.
    private func sparse(_ name: String, _ size: Int) throws -> String {
        let path = try folder.write(name, "", mode: 0o600)
        try #require(truncate(path, off_t(size)) == 0)
        return path
    }

    @Test func `a billion laughs`() throws {
        var text = "version: 1\nnumbers:\n- &a [x, x, x, x, x, x, x, x, x]\n"
        for (name, before) in zip("bcdefghij", "abcdefghi") {
            text += "- &\(name) [\(Array(repeating: "*\(before)", count: 9).joined(separator: ", "))]\n"
        }
        let problem = try refusal(Data(text.utf8))
        #expect(place(problem) == "3:3: an anchor ('&') is not supported in this file")
    }

    @Test(arguments: [("[", "2:41"), ("{a: ", "2:134"), ("- ", "3:65")])
    func `a million levels`(_ opening: String, _ expected: String) throws {
        let begin = opening == "- " ? "version: 1\nnumbers:\n  " : "version: 1\nnumbers: "
        let problem = try refusal(Data((begin + String(repeating: opening, count: 1_000_000)).utf8))
        #expect(problem.message == "nested more than 32 deep")
        #expect("\(problem.line):\(problem.column)" == expected)
    }

    @Test func `files that are larger than they may be are not read`() throws {
        let state = try sparse("desired-state.yaml", DesiredStateReader.largestFile + 1)
        #expect(
            try refusal(of: state) { DesiredStateReader.read(path: $0) }.message == "the file is larger than 256 MiB")
        var settings = Settings()
        settings.secrets = try sparse("secrets.yaml", (64 << 20) + 1)
        let secrets = try refusal(of: settings.secrets) { _ in
            SecretSources.read(settings: settings, environment: [:])
        }
        #expect(secrets.message == "the file is larger than 64 MiB")
    }

    @Test func `64 MiB of NULs`() throws {
        let path = try sparse("desired-state.yaml", 64 << 20)
        #expect(place(try refusal(of: path) { DesiredStateReader.read(path: $0) }) == "1:1: a NUL byte")
        #expect(place(try refusal(of: path) { SettingsReader.read(path: $0) }) == "1:1: a NUL byte")
    }

    @Test func `a NUL behind a valid beginning`() throws {
        let problem = try refusal(Data("version: 1\nnumbers:\n- number: \"+1555\0\"\n".utf8))
        #expect(place(problem) == "3:17: a NUL byte")
    }

    @Test func `a line of 100 KB, with the mistake at its end`() throws {
        let line = "numbers: [\(String(repeating: "{number: \"+15550100001\", token: a}, ", count: 3000))&x b]\n"
        let problem = try refusal(Data("version: 1\n\(line)".utf8))
        #expect(place(problem) == "2:\(line.utf8.count - 5): an anchor ('&') is not supported in this file")
        #expect(try #require(problem.sourceLine).unicodeScalars.count <= 160)
    }

    @Test func `a key of 100 KB`() throws {
        let problem = try refusal(Data("version: 1\n\(String(repeating: "k", count: 100_000)): 1\n".utf8))
        #expect(place(problem) == "2:1: this line has no ': '")
    }

    @Test func `a text of a megabyte`() throws {
        let text = String(repeating: "x", count: 1 << 20)
        #expect(place(try refusal(Data(text.utf8))) == "1:1: this text is longer than 16 KiB")
        #expect(
            place(try refusal(Data("version: 1\nnumbers: \(text)\n".utf8))) == "2:10: this text is longer than 16 KiB")
    }

    @Test func `a text that goes on behind a million empty lines`() throws {
        let text = "version: 1\nnumbers: a\n\(String(repeating: "\n", count: 1_000_000))  b\n"
        #expect(
            place(try refusal(Data(text.utf8))) == "1000003:3: this line is indented under a value that is complete")
    }

    @Test func `a file of errors is read up to the hundred thousandth`() throws {
        let text = "version: 1\nnumbers:\n\(String(repeating: "- 7\n", count: 200_000))"
        let problems = DesiredStateReader.read(bytes: Array(text.utf8), file: "f").problems
        #expect(problems.count == 100)
        #expect(problems.last?.message == "and 99901 more problems, not shown")
    }

    @Test func `bytes that are not UTF-8 at the end of a large file`() throws {
        for count in [65_535, 65_536, 65_537, 200_000] {
            let text = Data(String(repeating: "é", count: count).utf8)
            #expect(place(try refusal(text + [0xC3])) == "1:\(count + 1): this is not valid UTF-8")
            #expect(place(try refusal(text + [0x0A, 0xA9, 0x0A])) == "2:1: this is not valid UTF-8")
        }
    }

    @Test func `100,000 lines of tabs`() throws {
        let tabs = String(repeating: "\t\t\t\t\t\t\t\n", count: 100_000)
        #expect(place(try refusal(Data("version: 1\n\(tabs)".utf8))) == "2:1: a tab in the indentation")
        let comments = String(repeating: "#\t\t\t\t\t\t\n", count: 100_000)
        #expect(place(try refusal(Data("\(comments)a:\tb\n".utf8))) == "100001:3: a tab is not allowed here")
    }

    @Test(
        arguments: [
            (String.Encoding.utf16LittleEndian, [0xFF, 0xFE], "0:0: the file is UTF-16"),
            (.utf16BigEndian, [0xFE, 0xFF], "0:0: the file is UTF-16"), (.utf16LittleEndian, [], "1:2: a NUL byte"),
            (.utf16BigEndian, [], "1:1: a NUL byte"),
        ] as [(String.Encoding, [UInt8], String)])
    func `UTF-16, with and without a byte order mark`(
        _ encoding: String.Encoding, _ mark: [UInt8], _ expected: String
    ) throws {
        let text = "version: 1\nnumbers:\n- number: \"+15550100001\"\n  token: a\n"
        let problem = try refusal(Data(mark) + (try #require(text.data(using: encoding))))
        #expect(place(problem) == expected)
        #expect(problem.hint?.contains("UTF-8") == true)
    }

    @Test func `100,000 documents`() throws {
        let problem = try refusal(Data(String(repeating: "---\nversion: 1\n", count: 100_000).utf8))
        #expect(place(problem) == "3:1: a second YAML document begins here")
        let empty = try refusal(Data(String(repeating: "---\n", count: 100_000).utf8))
        #expect(place(empty) == "2:1: a second YAML document begins here")
    }
}
