import Foundation

/// Documents must name only what exists.
struct DocumentRules {
    /// The words in the code and in the files that are shipped with it.
    let words: Set<String>
    /// The names of metrics.
    let metrics: Set<String>
    /// Returns true when a path from the root exists.
    let exists: (String) -> Bool

    /// Finds names of metrics that do not exist, except names that the code contains.
    func unknownMetrics(_ file: SourceFile) -> [Finding] {
        lines(of: file).flatMap { number, line in
            line.matches(of: #/\btwostepd_[a-z]+(?:_[a-z]+)*\b/#).compactMap { match in
                let name = String(match.output)
                guard !isMetric(name), !words.contains(name) else { return nil }
                return Finding(
                    path: file.path, line: number, message: "there is no metric \(name): mend its name, or take it out")
            }
        }
    }

    /// Returns true when `name` is a series of a metric: some kinds append a suffix to the name.
    private func isMetric(_ name: String) -> Bool {
        let endings = ["", "_total", "_info", "_bucket", "_sum", "_count", "_created"]
        return endings.contains { name.hasSuffix($0) && metrics.contains(String(name.dropLast($0.count))) }
    }

    /// Finds links to missing files and to missing headings.
    func deadLinks(_ file: SourceFile, text: (String) -> String?) -> [Finding] {
        lines(of: file).flatMap { number, line in
            line.matches(of: #/\]\(([^)\s]+)\)/#).compactMap { match in
                let link = String(match.output.1)
                guard !link.contains("://") else { return nil }
                let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let path = parts[0].isEmpty ? file.path : resolve(parts[0], from: file.path)
                guard exists(path) else {
                    return Finding(
                        path: file.path, line: number, message: "links to \(path), which is not there: mend the link")
                }
                guard parts.count == 2, let target = text(path), !Self.anchors(of: target).contains(parts[1]) else {
                    return nil
                }
                return Finding(
                    path: file.path, line: number,
                    message: "links to #\(parts[1]), and \(path) has no such heading: mend the link")
            }
        }
    }

    /// Finds unknown code words: names of settings, events and columns, types, and paths of the repository.
    func unknownNames(_ file: SourceFile) -> [Finding] {
        lines(of: file).flatMap { number, line in
            line.matches(of: #/`([^`]+)`/#).flatMap { match in
                unknown(in: String(match.output.1)).map { name in
                    Finding(
                        path: file.path, line: number,
                        message: "names `\(name)`, which is not there: mend the name, or take it out")
                }
            }
        }
    }

    /// Words of other systems that the documents mention.
    private static let foreign: Set = ["DynamicUser", "ReadWriteOnce", "ReadWriteOncePod", "OnDelete", "StatefulSet"]

    private static let folders: Set = ["Sources", "Tests", "scripts", "docs", "config", "systemd", "packaging"]

    private func unknown(in code: String) -> [String] {
        var found: [String] = []
        for part in code.split(separator: " ") {
            let path = part.split(separator: "/", omittingEmptySubsequences: false)
            if path.count > 1, Self.folders.contains(String(path[0])), part.wholeMatch(of: #/[\w./@+-]+/#) != nil {
                let name = String(part).trimmingCharacters(in: CharacterSet(charactersIn: "/."))
                if !exists(name) { found.append(String(part)) }
            }
        }
        // A name on its own: `max_exposed`, `limits.max_exposed`, `EngineDriver`, `NumberRecord.departing`.
        guard code.wholeMatch(of: #/[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*/#) != nil else { return found }
        let fileEndings: Set = ["swift", "yaml", "yml", "md", "sqlite", "key", "fence", "sock", "service", "sh", "txt"]
        let names = code.split(separator: ".").map(String.init)
        guard !fileEndings.contains(names.last ?? "") else { return found }
        let isCamel = { (name: String) in name.wholeMatch(of: #/[A-Z][a-z]+(?:[A-Z][a-z]*)+/#) != nil }
        let known = words.union(Self.foreign)
        return found + names.filter { ($0.contains("_") || isCamel($0)) && !known.contains($0) && !isMetric($0) }
    }

    /// Returns the lines with their numbers, without those of fenced blocks: these are checked by running them.
    private func lines(of file: SourceFile) -> [(Int, Substring)] {
        var isFenced = false
        return file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            index, line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") {
                isFenced.toggle()
                return nil
            }
            return isFenced && file.path.hasSuffix(".md") ? nil : (index + 1, line)
        }
    }

    private func resolve(_ link: String, from path: String) -> String {
        var parts = path.split(separator: "/").dropLast().map(String.init)
        for part in link.split(separator: "/") {
            switch part {
            case "..": _ = parts.popLast()
            case ".": break
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }

    /// Returns the anchors that a Markdown viewer makes of headings.
    static func anchors(of document: String) -> Set<String> {
        Set(
            document.split(separator: "\n").filter { $0.hasPrefix("#") }.map { line in
                let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
                return String(
                    title.filter { $0.isLetter || $0.isNumber || " -_".contains($0) }.map { $0 == " " ? "-" : $0 })
            })
    }

    /// Returns the words of some files.
    static func words(of files: [SourceFile]) -> Set<String> {
        var words: Set<String> = []
        for file in files {
            for word in file.text.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") }) {
                words.insert(String(word))
            }
        }
        return words
    }
}
