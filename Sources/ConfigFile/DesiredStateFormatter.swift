import Planning
import Yams

/// A desired-state file in its canonical form.
public struct FormattedFile: Sendable, Equatable {
    /// The text, which ends with a newline.
    public let text: String
    /// Whether the file was so already, byte for byte.
    public let isUnchanged: Bool
    /// How many numbers it has.
    public let count: Int
}

/// Sorts and formats a desired-state file without losing a comment.
///
/// Entries are sorted by number, keys stand in the order of the documentation, and every block is written line by
/// line. What the file says stays the same: that is verified by reading the result before it is given away.
public enum DesiredStateFormatter {
    /// Formats the file at `path`; the reading has no value when the file is not valid.
    public static func format(path: String) -> Reading<FormattedFile> {
        do throws(FileProblem) {
            return format(bytes: try BoundedFile(path: path).bytes, file: path)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Formats bytes that came from `file`, which names them in problems.
    public static func format(bytes: [UInt8], file: String) -> Reading<FormattedFile> {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        return ReadFile.reading(bytes, file: file) { reader, _ in
            let walk = DesiredStateWalk(reader: reader, secrets: nil, references: .none)
            guard let numbers = walk.numbers(), let root = reader.document.root, !reader.findings.hasErrors else {
                return nil
            }
            let formatted = LayoutReader.layout(of: text, root: root).text()
            let output = Array(formatted.utf8)
            guard says(numbers, output), comments(text) == comments(output) else {
                reader.findings.error(
                    .wholeFile, "formatting would change what this file says or lose a comment, so it stays as it is",
                    hint: "this is a fault of the program: please report it")
                return nil
            }
            return FormattedFile(text: formatted, isUnchanged: output == bytes, count: numbers.count)
        }
    }

    /// Whether a file says the same of the same numbers.
    private static func says(_ numbers: [DesiredNumber], _ bytes: [UInt8]) -> Bool {
        let again = DesiredStateReader.read(bytes: bytes, file: "")
        return again.value?.numbers == numbers.sorted { $0.number < $1.number }
    }

    private static func comments(_ bytes: [UInt8]) -> [String] {
        YAMLScan.comments(in: bytes).comments.map(\.text).sorted()
    }
}
