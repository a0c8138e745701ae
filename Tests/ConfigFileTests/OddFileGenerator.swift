import Dice

/// Creates mostly valid files in every notation that YAML offers, and breaks some of them.
struct OddFileGenerator {
    var random: SplitMix64

    private static let labels = [
        "support", "a b", "it's", "'it''s'", "\"say \\\"hi\\\"\"", "\"caf\\u00e9\"", "\"caf\\xe9\"", "\"a\\tb\"", "é漢字",
        "'x '", "true", "'true'", "null", "\"null\"", "~", "12", "'12'", "1.5", ".inf", "0x1F", "-x", ":x", "a#b",
        "a #b",
        "a:b", "\"a: b\"", "[x]", "{}", "''", "\"\\\\\"", "\"\\u0007\"", "\"\\ud83d\"", "@x", "!x", "a\u{200B}b", "x?y",
        "\"a\\/b\"", "ünï-cödé", "False", "No", "e\u{301}",
    ]
    private static let periods = ["90d", "never", "200d", "'30d'", "1h30m", "7", "1s", "400d", "", "\"24h\"", "~"]
    private static let choices: [(String, [String])] = [
        ("vendor", ["picky-assist", "\"picky-assist\"", "'picky-assist'", "whatsapp", "meta"]),
        ("on_new_token", ["reset", "keep", "'keep'", "never"]),
        ("endpoint", ["v4", "legacy", "\"v4\"", "https://x.example/a?b=1", "http://127.0.0.1:80/x", "http://x", "v5"]),
        ("verification", ["enabled", "disabled", "'enabled'", "on"]),
        ("rotate_every", periods), ("reapply_every", ["24h", "10m", "never", "5s", "30d", "\"1d\""]),
        ("rotation_method", ["reset", "replace", "\"reset\"", "renew"]),
        ("rotation_window", ["daily 00:00-24:00 UTC", "\"Mon-Fri 09:00-17:00 Europe/Rome\"", "always"]),
        ("rotate_after_reveal", ["10m", "never", "1h", "1s"]),
        ("observer", ["meta", "\"meta\"", "'other'", "t1", "a b"]),
        ("observer_endpoint", ["https://x.example/a", "http://127.0.0.1:80/x", "https://x.example/", "v4"]),
        ("observe_every", ["6h", "10m", "never", "1s"]),
    ]
    private static let own: [(String, [String])] = [
        ("phone_number_id", ["106540352242922", "'106540352242923'", "1", "012", "1.5", "x"]),
        ("rotate_before", ["2026-11-01T00:00:00Z", "'2026-11-01T00:00:00+01:00'", "2026-11-01"]),
        ("pin", ["weak", "known", "\"other\"", "none", "123456"]),
    ]
    private static let pieces = [
        " ", "\n", "  ", "#", " # c", ":", ": ", "-", "- ", ",", "[", "]", "{", "}", "\"", "'", "\\", "?", "é", "\t",
        "1",
        "null", "\r\n", "...", "---\n", "&a", "*a", "|", "%",
    ]

    mutating func desiredState() -> String {
        var pairs = sections()
        if maybe(10) { pairs.shuffle(using: &random) }
        if maybe(25) { pairs.append(pairs[0]) }
        var text = (maybe(5) ? "---\n" : "") + pairs.joined(separator: maybe(3) ? "\n# between\n" : "\n")
        if !maybe(6) { text += "\n" }
        if maybe(20) { text += "...\n" }
        if maybe(12) { text = text.replacing("\n", with: "\r\n") }
        if maybe(15) { text = "\u{FEFF}" + text }
        return broken(text)
    }

    /// Returns the parts at the top of a desired state, unbroken: the version, often defaults, and the numbers.
    mutating func sections() -> [String] {
        var pairs = [pair("version", maybe(40) ? "2" : "1")]
        if maybe(2) { pairs.append("defaults:" + nested(fields(Self.choices, oneIn: 4), indent: 2)) }
        let entries = (0..<Int.random(in: 1...5, using: &random)).map { entry($0) }
        pairs.append("numbers:" + list(entries))
        return pairs
    }

    mutating func secrets() -> String {
        var text = ""
        for section in ["tokens", "pins"] where !maybe(4) {
            let names = ["a", "\"b\"", "c.d", "'e-f'", "null", "12", "true", "g_h", "a"]
            let chosen = names.filter { _ in maybe(2) }.prefix(maybe(8) ? 9 : 8)
            let values =
                section == "tokens"
                ? ["abc", "\"x y\"", "12", "'t''t'", "\"q\\\"\"", "1.5", "true", "a:b", "a#b"]
                : ["907856", "\"012345\"", "' 123456 '", "12345"]
            let pairs = chosen.map { name in pair(name, values.randomElement(using: &random) ?? "x") }
            text += "\(section):" + (pairs.isEmpty && maybe(2) ? " {}" : nested(pairs, indent: 2)) + "\n"
        }
        return broken(text)
    }

    private mutating func entry(_ index: Int) -> [String] {
        let number = "+1555010000\(maybe(30) ? 0 : index)"
        let shown = [number, "\"\(number)\"", "'\(number)'"].randomElement(using: &random) ?? number
        let name = maybe(30) ? "same" : "t\(index)"
        var pairs = [
            pair("number", shown),
            pair("token", [name, "\"\(name)\"", "'\(name)'"].randomElement(using: &random) ?? name),
        ]
        if maybe(2) {
            pairs.append(pair("label", maybe(3) ? Self.labels.randomElement(using: &random) ?? "l" : "l\(index)"))
        }
        pairs += fields(Self.choices, oneIn: 6) + fields(Self.own, oneIn: 4)
        if maybe(30) { pairs.append(pairs[0]) }
        if maybe(2) { pairs.shuffle(using: &random) }
        return pairs
    }

    /// Returns some of the fields, most of them with one of the first values, which are valid.
    private mutating func fields(_ all: [(String, [String])], oneIn often: Int) -> [String] {
        all.compactMap { key, values in
            guard maybe(often) else { return nil }
            let value = maybe(8) ? values.randomElement(using: &random) : values.prefix(3).randomElement(using: &random)
            return pair(key, value ?? "")
        }
    }

    private mutating func pair(_ key: String, _ value: String) -> String {
        let name = maybe(12) ? "\"\(key)\"" : key
        let gap = maybe(12) ? "   " : " "
        return "\(name)\(maybe(20) ? " " : ""):\(gap)\(value)"
    }

    private mutating func nested(_ pairs: [String], indent: Int) -> String {
        guard !pairs.isEmpty else { return "" }
        if maybe(4) { return " " + flow(pairs) }
        let margin = String(repeating: " ", count: maybe(5) ? 7 : indent)
        return pairs.map { "\n\(margin)\($0)" + comment() }.joined()
    }

    private mutating func list(_ entries: [[String]]) -> String {
        if maybe(6) {
            let gap = maybe(2) ? "\n " : " "
            return " [" + entries.map { gap + flow($0) }.joined(separator: ",") + (maybe(4) ? "," : "") + gap + "]"
        }
        let margin = String(repeating: " ", count: [0, 1, 2, 4].randomElement(using: &random) ?? 2)
        return entries.map { pairs in
            if maybe(4) { return "\n\(margin)- " + flow(pairs) + comment() }
            let first = maybe(10) ? "\n\(margin)-\n\(margin)  " : "\n\(margin)- "
            return first + pairs.map { $0 + comment() }.joined(separator: "\n\(margin)  ")
        }.joined(separator: maybe(5) ? "\n" : "")
    }

    private mutating func flow(_ pairs: [String]) -> String {
        let gap = ["", " ", "\n      "].randomElement(using: &random) ?? ""
        // A comment ends with its line, and so must not contain the bracket.
        let whole = pairs.map { gap + $0 + ($0.contains(" #") ? "\n      " : "") }
        return "{" + whole.joined(separator: ", ") + (maybe(8) ? "," : "") + gap + "}"
    }

    private mutating func comment() -> String { maybe(8) ? "  # note" : "" }

    /// Returns the text with a few of its characters deleted, replaced or added; most texts are unchanged.
    private mutating func broken(_ text: String) -> String {
        guard maybe(4) else { return text }
        var scalars = Array(text.unicodeScalars)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !scalars.isEmpty {
            let index = Int.random(in: 0..<scalars.count, using: &random)
            if maybe(2) { scalars.remove(at: index) }
            if maybe(2) {
                scalars.insert(
                    contentsOf: Self.pieces.randomElement(using: &random)?.unicodeScalars.map { $0 } ?? [], at: index)
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private mutating func maybe(_ often: Int) -> Bool { Int.random(in: 0..<often, using: &random) == 0 }
}
