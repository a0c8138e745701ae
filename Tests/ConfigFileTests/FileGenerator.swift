/// Makes valid desired-state files of every layout, with comments in all places.
struct FileGenerator {
    private var state: UInt64
    private var commentCount = 0

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

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
        if maybe(3) { lines.append(comment(margin.utf8.count)) }
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
        commentCount += 1
        return String(repeating: " ", count: indent) + "# comment-\(commentCount)."
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
