import Foundation

/// Keeps operations on files in one place: `Sources/Files`, which imports no other target of the project.
enum FileRules {
    /// Calls that open, name, sync or watch files, or change their owner or mode, and the one that wipes bytes.
    nonisolated(unsafe) private static let call =
        #/(?:^|[^\w."`])(?:Glibc\.)?(openat|fsync|fdatasync|rename|renameat2?|link|linkat|ftruncate|chmod|fchmod|chown|fchown|mkdir|stat|fstat|lstat|realpath|readlink|inotify_\w+|explicit_bzero|open(?=\([^)]*\bO_))\(/#

    nonisolated(unsafe) private static let ownImport =
        #/^\s*(?:public |package |internal |private )?import (\w+)/#

    /// The modules that `Files` itself may import.
    private static let system: Set = ["Dispatch", "Glibc"]

    static func calls(_ file: SourceFile) -> [Finding] {
        guard let target = file.target, target != "Files" else { return [] }
        return lines(of: file).compactMap { number, line in
            guard let match = line.firstMatch(of: call), !line.contains("func \(match.output.1)(") else { return nil }
            return Finding(
                path: file.path, line: number,
                message:
                    "\(match.output.1)(: files are opened, written and watched in Sources/Files alone. State a policy, "
                    + "and use what is there, or add the act there")
        }
    }

    static func imports(_ file: SourceFile) -> [Finding] {
        guard file.target == "Files" else { return [] }
        return lines(of: file).compactMap { number, line in
            guard let match = line.firstMatch(of: ownImport), !system.contains(String(match.output.1)) else {
                return nil
            }
            return Finding(
                path: file.path, line: number,
                message: "imports \(match.output.1): Files is below every other target, and needs the system alone")
        }
    }

    /// Returns the lines that are not comments, with their numbers from 1.
    private static func lines(of file: SourceFile) -> [(Int, Substring)] {
        file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .map { ($0.offset + 1, $0.element) }
            .filter { !$0.1.drop(while: \.isWhitespace).hasPrefix("//") }
    }
}
