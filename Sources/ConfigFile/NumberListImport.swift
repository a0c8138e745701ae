import Files
import Planning

/// A desired-state file created from a list of numbers.
public struct ImportedFile: Sendable, Equatable {
    /// The text: entries sorted by number, keys in the order of the documentation.
    public let text: String
    /// The count of numbers in the file.
    public let count: Int
}

/// Converts a list of numbers, as exported by a spreadsheet, into a desired-state file.
///
/// The first row names the columns by the keys of an entry: `number` and `token`, and any of the others. Problems of
/// the resulting file are reported at the row and column of the list.
public enum NumberListImport {
    /// Reads the list at `path`; the reading has no value when there is any error.
    public static func read(path: String) -> Reading<ImportedFile> {
        do throws(FileError) {
            return read(bytes: try CheckedFile.read(path, .configuration), file: path)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Reads bytes that came from `file`, whose name appears in problems.
    public static func read(bytes: [UInt8], file: String) -> Reading<ImportedFile> {
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        // No line of the list is ever shown, because one of its columns may hold confidential data.
        let findings = Findings(file: file, bytes: [], showsSource: false)
        let imported = read(text, file: file, findings)
        var problems = findings.problems(limit: Reading<ImportedFile>.maxProblems)
        guard let imported else { return Reading(value: nil, problems: problems, sha256: nil) }
        problems += imported.problems(file: file)
        return Reading(value: imported.file, problems: problems.sorted(), sha256: ReadFile.sha256(of: bytes))
    }

    private static func read(_ bytes: [UInt8], file: String, _ findings: Findings) -> Rendering? {
        let limit = ReadPolicy.configuration.limit
        guard bytes.count <= limit else {
            findings.error(.wholeFile, FileError.tooLarge(path: file, limit: limit).problem)
            return nil
        }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            findings.error(.wholeFile, "the file is UTF-16", hint: "save it as CSV in UTF-8")
            return nil
        }
        if let position = bytes.withUnsafeBufferPointer({ CharacterScan.invalidUTF8(in: $0) }) {
            findings.error(position, "this is not valid UTF-8", hint: "save it as CSV in UTF-8")
            return nil
        }
        do throws(CSVTable.Refusal) {
            var walk = NumberListWalk(try CSVTable(parsing: bytes), findings)
            let rows = walk.rows()
            return rows.isEmpty ? nil : Rendering(rows)
        } catch {
            findings.error(error.position, error.message, hint: error.hint)
            return nil
        }
    }

    /// The entries as a file, with the position in the list from which each of its lines comes.
    private struct Rendering {
        let file: ImportedFile
        private let origins: [Findings.Position]
        private let reading: Reading<DesiredState>

        init(_ rows: [NumberListWalk.Row]) {
            var lines = [
                "# yaml-language-server: $schema=desired-state.schema.json", "", "\(RootKey.version.rawValue): 1", "",
                "\(RootKey.numbers.rawValue):",
            ]
            var origins = [Findings.Position](repeating: .wholeFile, count: lines.count)
            for row in rows.sorted(by: { $0.number < $1.number }) {
                for (index, (key, field)) in row.fields.enumerated() {
                    let isNumber = key == .number
                    let value =
                        isNumber ? ScalarText.quoted(row.number.description) : ScalarText.plainIfPossible(field.text)
                    lines.append("\(index == 0 ? "  - " : "    ")\(key.rawValue): \(value)")
                    origins.append(field.position)
                }
            }
            let text = lines.joined(separator: "\n") + "\n"
            file = ImportedFile(text: text, count: rows.count)
            self.origins = origins
            reading = DesiredStateReader.read(bytes: Array(text.utf8), file: "")
        }

        /// Returns the problems of the file, at their positions in the list.
        func problems(file: String) -> [ConfigProblem] {
            reading.problems.map { problem in
                let index = problem.line - 1
                let origin = origins.indices.contains(index) ? origins[index] : .wholeFile
                return ConfigProblem(
                    file: VisibleText.visible(file, limit: 4096), line: origin.line, column: origin.column,
                    severity: problem.severity, message: problem.message, hint: problem.hint)
            }
        }
    }
}
