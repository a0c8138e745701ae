import Foundation

/// One file of the repository.
struct SourceFile {
    /// The path from the repository's root: `Sources/Planning/PIN.swift`.
    let path: String
    let text: String

    /// The lines with their numbers from 1, each without indentation, without a comment at its end, and without the
    /// text of literals that have no escapes or interpolations.
    var codeLines: [(number: Int, line: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
            let line = line.drop { $0 == " " }
            guard !line.hasPrefix("//") else { return (index + 1, "") }
            let code = line.utf8.contains(UInt8(ascii: "\"")) ? line.replacing(#/"[^"\\]*"/#, with: "\"\"") : line
            let end = code.firstRange(of: "//")?.lowerBound ?? code.endIndex
            return (index + 1, code[..<end])
        }
    }

    var lineCount: Int { text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 }

    /// The target, such as `Planning` for `Sources/Planning/PIN.swift`; nil outside `Sources`.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }
}

/// The repository from which these tests were compiled.
enum SourceTree {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// Returns the files below `folders` whose names end in one of `suffixes`, by path, without hidden files and build
    /// products.
    static func files(_ folders: [String], _ suffixes: [String]) throws -> [SourceFile] {
        var paths: [String] = []
        for folder in folders {
            let walk = FileManager.default.enumerator(
                at: root.appending(path: folder), includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
            for case let file as URL in walk ?? .init() where suffixes.contains(where: file.path.hasSuffix) {
                paths.append(String(file.standardized.path.dropFirst(root.path.count + 1)))
            }
        }
        return try paths.sorted().map { SourceFile(path: $0, text: try text($0)) }
    }

    /// Returns the text of the file at `path`, relative to the root.
    static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// All Swift files of the repository.
    static let swift: Result<[SourceFile], any Error> = Result {
        let package = SourceFile(path: "Package.swift", text: try text("Package.swift"))
        return try [package] + files(["Sources", "Tests"], [".swift"])
    }

    /// Returns all documents that explain how to use, run or change the program.
    static func documents() throws -> [SourceFile] {
        let top = try FileManager.default.contentsOfDirectory(atPath: root.path).filter { $0.hasSuffix(".md") }
        return try top.sorted().map { SourceFile(path: $0, text: try text($0)) } + files(["docs"], [".md"])
    }
}

/// A violation of a rule.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    let line: Int
    /// The fault, and the remedy.
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}
