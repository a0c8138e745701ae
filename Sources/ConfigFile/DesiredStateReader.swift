import Files
public import Planning

/// Reads the desired-state file strictly, and returns either a value or all problems at once.
public enum DesiredStateReader {
    /// The maximum size of a file, in bytes.
    public static let largestFile = ReadPolicy.configuration.limit

    /// Reads the file at `path`.
    ///
    /// - Parameters:
    ///   - path: the file's path; a FIFO or a device is refused without blocking.
    ///   - secrets: the source in which the names of tokens and PINs are looked up; nil when there is no source.
    ///   - references: the strictness of these lookups.
    ///   - mark: makes the mark of a token's value, for each token found; nil for no marks.
    public static func read(
        path: String, secrets: (any SecretLookup)? = nil, references: ReferenceCheck = .none,
        mark: ((Token) -> String)? = nil
    ) -> Reading<DesiredState> {
        do throws(FileError) {
            let bytes = try CheckedFile.read(path, .configuration)
            return read(bytes: bytes, file: path, secrets: secrets, references: references, mark: mark)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Returns SHA-256 of the file's bytes, the same as in a reading; nil when the file cannot be read.
    public static func sha256(path: String) -> String? {
        do throws(FileError) {
            return ReadFile.sha256(of: try CheckedFile.read(path, .configuration))
        } catch {
            return nil
        }
    }

    /// Reads bytes that came from `file`, whose name appears in problems and in the value's source.
    public static func read(
        bytes: [UInt8], file: String, secrets: (any SecretLookup)? = nil,
        references: ReferenceCheck = .none, mark: ((Token) -> String)? = nil
    ) -> Reading<DesiredState> {
        ReadFile.reading(bytes, file: file) { reader, sha256 throws(YAMLRefusal) in
            func walk(_ reader: FieldReader, _ defaults: DesiredStateWalk.Choices?) -> DesiredStateWalk {
                DesiredStateWalk(
                    reader: reader, secrets: secrets, references: references, mark: mark, defaults: defaults)
            }
            var numbers: [DesiredNumber]?
            var late: DesiredStateWalk.Choices?
            do throws(YAMLRefusal) {
                let first = walk(reader, nil)
                numbers = try first.numbers()
                late = first.lateDefaults
            } catch {
                // With very many entries, all may have errors because the defaults that follow them are missing.
                guard reader.findings.isFull else { throw error }
                try reader.events.rewind()
                let aside = FieldReader(findings: Findings(file: file, bytes: []), events: reader.events)
                late = try walk(aside, nil).defaultsAlone()
                guard late != nil else { throw error }
            }
            if let late {
                // The entries need the defaults, which follow them in this file: so the file is read once more.
                reader.findings.removeAll()
                try reader.events.rewind()
                numbers = try walk(reader, late).numbers()
            }
            return numbers.map { DesiredState(numbers: $0, sha256: sha256, source: file) }
        }
    }
}
