/// Keeps "1 numbers" out of outputs: a count is written by `Int.counted(_:_:)`, which knows the singular.
enum CountRules {
    /// The nouns that are counted here, without nouns of measure such as bytes, which are always plural.
    nonisolated(unsafe) private static let count =
        #/\\\((?<value>[^"]*?)\) (?:more |managed |other )?(?<noun>numbers?|requests?|PINs?|tokens?|entry|entries|lines?|problems?|errors?|changes|events?|rows?|links?|fields?|notifications?|rotations?|observers?|files|hooks?|generations|endpoints?|records?)\b/#

    /// A constant of a type, which is never 1.
    nonisolated(unsafe) private static let constant = #/^(?:Self|[A-Z]\w*)\.\w+$/#

    /// A repetition of the choice that `counted` makes.
    nonisolated(unsafe) private static let choice = #/== 1 \?\s*"/#

    static func plurals(_ file: SourceFile) -> [Finding] {
        guard file.target != nil, file.path != "Sources/Planning/Text.swift" else { return [] }
        return file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            index, line in
            let text = line.drop { $0 == " " }
            guard !text.hasPrefix("//"), text.contains("\\(") || text.contains("== 1 ?") else { return nil }
            let found = text.matches(of: count).contains { match in
                !match.value.contains(".counted(") && match.value.wholeMatch(of: constant) == nil
                    && match.value.wholeMatch(of: #/number|name/#) == nil
            }
            guard found || text.contains(choice) && text.contains(#/"s"|: "[^"]*s\b/#) else { return nil }
            return Finding(
                path: file.path, line: index + 1,
                message:
                    "a count with a noun that is always plural, or a plural made by hand: write it with Int.counted(_:_:)"
            )
        }
    }
}
