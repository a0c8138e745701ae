import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct FormatterTests {
    private func format(_ text: String) throws -> String {
        let reading = DesiredStateFormatter.format(bytes: Array(text.utf8), file: "x.yaml")
        return try #require(reading.value, "\(reading.rendered(color: false))").text
    }

    @Test func `entries are sorted, keys are ordered, and each comment stays with what it belongs to`() throws {
        let text = """
            # head

            # head 2
            version: 1  # v
            numbers: # list
              # section A

              # of 3
              - token: c   # tok
                # above number
                number: +15550100003 # num
                # label: x
              # of 1
              - { number: "+15550100001", token: a } # flow
              # of 2
              # more

              - number: '+15550100002'
                rotation_window: 'daily 09:00-17:00 UTC'
                token: "b"
                # end of 2
                  # deep

              # list tail
            defaults:
              # in defaults
              # rotate_every: 1d
            # file tail
            """
        let expected = """
            # head

            # head 2
            version: 1  # v

            defaults:
              # in defaults
              # rotate_every: 1d

            numbers:  # list
              # section A

              # of 1
              - number: "+15550100001"  # flow
                token: a

              # of 2
              # more

              - number: "+15550100002"
                token: "b"
                rotation_window: "daily 09:00-17:00 UTC"
                # end of 2
                # deep

              # of 3
              # above number
              - number: "+15550100003"  # num
                token: c                # tok
                # label: x

              # list tail

            # file tail

            """
        #expect(try format(text) == expected)
        #expect(try format(expected) == expected)
    }

    @Test func `a byte order mark, Windows line ends and JSON become plain lines`() throws {
        let expected = "version: 1\n\nnumbers:\n  - number: \"+15550100001\"\n    token: \"a\"\n"
        let json = "\u{FEFF}{\"version\": 1,\r\n \"numbers\": [{\"token\": \"a\", \"number\": \"+15550100001\"}]}\r\n"
        #expect(try format(json) == expected)
    }

    @Test(arguments: Fixtures.names) func `what the reader takes is formatted, and the rest is refused`(
        _ name: String
    ) throws {
        let bytes = try Fixtures.bytes(name)
        let formatted = DesiredStateFormatter.format(bytes: bytes, file: name)
        let read = DesiredStateReader.read(bytes: bytes, file: name)
        #expect((formatted.value == nil) == (read.value == nil))
        #expect(formatted.problems == read.problems)
        guard let text = formatted.value?.text else { return }
        #expect(try format(text) == text)
    }

    @Test func `the sample desired state is formatted`() throws {
        let file = Fixtures.repository.appending(path: "config/desired-state.yaml").path
        #expect(DesiredStateFormatter.format(path: file).value?.isUnchanged == true)
    }

    @Test(arguments: 0..<400)
    func `any valid file keeps its meaning and its comments, and formatting it again changes nothing`(
        _ seed: UInt64
    ) throws {
        var generator = FileGenerator(seed: seed)
        let text = generator.file()
        let before = DesiredStateReader.read(bytes: Array(text.utf8), file: "x")
        try #require(before.value != nil, "the generator makes valid files: \(before.rendered(color: false))\n\(text)")
        let once = try format(text)
        #expect(try format(once) == once, "from:\n\(text)")
        let after = DesiredStateReader.read(bytes: Array(once.utf8), file: "x")
        #expect(after.value?.numbers == before.value?.numbers.sorted { $0.number < $1.number })
        let lost = generator.comments.filter { !once.contains($0) }
        #expect(lost == [], "from:\n\(text)\nto:\n\(once)")
        #expect(generator.misplaced(in: once) == [], "from:\n\(text)\nto:\n\(once)")
    }
}

/// Makes valid desired-state files of every layout, each comment with a text of its own.
struct FileGenerator {
    private var state: UInt64
    private(set) var comments: [String] = []
    /// Comments that must stand right above, or behind, the line of a number.
    private var owned: [(comment: String, number: String)] = []

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// The comments that do not belong to the entry any more that they were written for.
    func misplaced(in text: String) -> [String] {
        let blocks = text.components(separatedBy: "\n")
        return owned.filter { owner in
            guard let place = blocks.firstIndex(where: { $0.hasSuffix(owner.comment) }) else { return true }
            let next = blocks[place...].first { $0.contains("number: ") }
            return next?.contains(owner.number) != true
        }.map(\.comment)
    }

    mutating func file() -> String {
        var lines = maybe(3) ? [comment(0), ""] : []
        let sections = [version(), maybe(2) ? defaults() : [], numbers()]
        for index in order(3) { lines += sections[index] }
        if maybe(4) { lines += ["", comment(0)] }
        return lines.joined(separator: maybe(8) ? "\r\n" : "\n") + (maybe(8) ? "" : "\n")
    }

    private mutating func version() -> [String] { above(0) + ["version: 1" + behind()] }

    private mutating func defaults() -> [String] {
        guard maybe(5) else {
            let keys = ["endpoint: legacy", "rotate_every: 30d", "verification: 'enabled'", "reapply_every: never"]
            let count = 1 + Int(next(4))
            return above(0) + ["defaults:" + behind()]
                + order(4).prefix(count).flatMap { above(2) + ["  \(keys[$0])" + behind()] } + above(2)
        }
        return ["defaults:" + behind()] + above(2)
    }

    private mutating func numbers() -> [String] {
        let margin = maybe(4) ? 0 : 2
        var lines = above(0) + ["numbers:" + behind()]
        for index in order(1 + Int(next(6))) {
            if maybe(3) { lines.append("") }
            lines += above(margin)
            lines += entry(index, String(repeating: " ", count: margin))
        }
        return lines + (margin == 2 ? above(2) : [])
    }

    private mutating func entry(_ index: Int, _ margin: String) -> [String] {
        let number = "+1555010000\(index)"
        if maybe(5) { return ["\(margin)- { token: t\(index), number: \"\(number)\" }" + behind()] }
        var keys = ["number: \"\(number)\"", "token: t\(index)"]
        if maybe(2) { keys.append("label: \"l # \(index)\"") }
        if maybe(3) { keys.append("rotate_every: 7d") }
        if maybe(4) { keys.append("pin: p\(index)") }
        var lines: [String] = []
        if maybe(3) {
            let own = comment(margin.utf8.count)
            owned.append((own.trimmingCharacters(in: .whitespaces), number))
            lines.append(own)
        }
        for (position, key) in order(keys.count).enumerated() {
            let lead = position == 0 ? "- " : "  "
            if position > 0 { lines += above(margin.utf8.count + 2) }
            lines.append(margin + lead + keys[key] + behind())
        }
        if maybe(4) { lines.append(comment(margin.utf8.count + 2)) }
        return lines
    }

    /// No comment, or some, with blank lines between them.
    private mutating func above(_ indent: Int) -> [String] {
        var lines: [String] = []
        while maybe(4) {
            lines.append(comment(indent))
            if maybe(3) { lines.append("") }
        }
        return lines
    }

    private mutating func behind() -> String { maybe(4) ? "  " + comment(0) : "" }

    private mutating func comment(_ indent: Int) -> String {
        let text = "# comment-\(comments.count)."
        comments.append(text)
        return String(repeating: " ", count: indent) + text
    }

    private mutating func order(_ count: Int) -> [Int] {
        var result = Array(0..<count)
        for index in result.indices.dropLast() {
            result.swapAt(index, index + Int(next(UInt64(count - index))))
        }
        return result
    }

    private mutating func maybe(_ often: UInt64) -> Bool { next(often) == 0 }

    private mutating func next(_ bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return (state >> 11) % bound
    }
}
