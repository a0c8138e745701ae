import Foundation

/// Planted secrets, and the search for them.
struct Canaries {
    /// Tokens and keys: any occurrence is a leak.
    var texts: [String]
    /// PINs: six digits, which count where they are not part of a longer word.
    var pins: Set<String>

    /// Returns the secrets in a text for people or programs, each with an excerpt around it.
    func found(in text: String, of place: String) -> [String] {
        var found = texts.filter { text.contains($0) }.map { "\(place) shows \($0)" }
        for match in text.matches(of: #/[0-9]+/#) where pins.contains(String(match.output)) {
            let isPartOfWord =
                match.range.lowerBound > text.startIndex
                && Self.isWord(text[text.index(before: match.range.lowerBound)])
                || match.range.upperBound < text.endIndex && Self.isWord(text[match.range.upperBound])
            let line = text[..<match.range.upperBound].suffix(80)
            if !isPartOfWord { found.append("\(place) shows the PIN \(match.output): \(line)") }
        }
        return found
    }

    /// Returns the secrets in the bytes of files that are not text. Six digits occur in much random data, so PINs count
    /// when most of them occur.
    func found(inBytesOf files: [URL]) throws -> [String] {
        let contents = try files.map { ($0, try Data(contentsOf: $0)) }
        var found = texts.flatMap { text in
            contents.filter { $0.1.range(of: Data(text.utf8)) != nil }.map { "\($0.0.lastPathComponent) holds \(text)" }
        }
        for (file, bytes) in contents {
            let held = pins.filter { bytes.range(of: Data($0.utf8)) != nil }
            if held.count * 2 > pins.count { found.append("\(file.lastPathComponent) holds \(held.count) PINs") }
        }
        return found
    }

    /// True for characters of a hash or a longer number, which is not a PIN.
    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "." || character == "+"
    }
}
