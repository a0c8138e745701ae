public import Planning

/// Reads the desired-state file strictly: all problems at once, or a value.
public enum DesiredStateReader {
    /// The most bytes that a file may have.
    public static let largestFile = BoundedFile.largestConfiguration

    /// Reads the file at `path`.
    ///
    /// - Parameters:
    ///   - path: the file; a FIFO or device is refused without blocking.
    ///   - secrets: where the names of tokens and PINs are looked up; nil when there is no such place.
    ///   - references: how strictly those names are followed.
    public static func read(
        path: String, secrets: (any SecretLookup)? = nil, references: ReferenceCheck = .none
    ) -> Reading<DesiredState> {
        do throws(FileProblem) {
            let file = try BoundedFile(path: path)
            return read(bytes: file.bytes, file: path, secrets: secrets, references: references)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Reads bytes that came from `file`, which names them in problems and in the value's source.
    public static func read(
        bytes: [UInt8], file: String, secrets: (any SecretLookup)? = nil, references: ReferenceCheck = .none
    ) -> Reading<DesiredState> {
        ReadFile.reading(bytes, file: file) { reader, sha256 in
            let walk = DesiredStateWalk(reader: reader, secrets: secrets, references: references)
            return walk.numbers().map { DesiredState(numbers: $0, sha256: sha256, source: file) }
        }
    }
}
