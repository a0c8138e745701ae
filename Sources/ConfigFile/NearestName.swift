/// Finds the name that a misspelt text probably stands for.
enum NearestName {
    /// The maximum of candidates that are compared.
    static let maxCandidates = 5000

    /// Returns the candidate nearest to `text`, if it is near: an edit distance of at most a third of its length, and
    /// at most 3.
    static func suggestion(for text: String, among candidates: some Sequence<String>) -> String? {
        let wanted = Array(text.lowercased().unicodeScalars.prefix(64))
        guard !wanted.isEmpty else { return nil }
        var best: (name: String, distance: Int)?
        for candidate in candidates.prefix(maxCandidates) where candidate != text {
            let scalars = Array(candidate.lowercased().unicodeScalars)
            let limit = min(3, max(1, max(wanted.count, scalars.count) / 3), (best?.distance ?? 4) - 1)
            guard limit >= 0, abs(scalars.count - wanted.count) <= limit else { continue }
            let distance = distance(wanted, scalars)
            if distance <= limit { best = (candidate, distance) }
        }
        return best?.name
    }

    /// Returns "did you mean 'x'?", or nil when no candidate is near.
    static func hint(for text: String, among candidates: some Sequence<String>) -> String? {
        suggestion(for: text, among: candidates).map { "did you mean '\(VisibleText.visible($0, limit: 64))'?" }
    }

    /// Returns the optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                let cost = left[row] == right[column] ? 0 : 1
                var value = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    value = min(value, beforeLast[column - 1] + 1)
                }
                current.append(value)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
