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
    ///   - shard: which part of the fleet is wanted. The file is checked as a whole; names are followed, and numbers
    ///     given, for this part only, because an instance has no secrets of another's.
    public static func read(
        path: String, shard: Shard, secrets: (any SecretLookup)? = nil, references: ReferenceCheck = .none
    ) -> Reading<DesiredState> {
        do throws(FileProblem) {
            let file = try BoundedFile(path: path)
            return read(bytes: file.bytes, file: path, shard: shard, secrets: secrets, references: references)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Reads bytes that came from `file`, which names them in problems and in the value's source.
    public static func read(
        bytes: [UInt8], file: String, shard: Shard = .whole, secrets: (any SecretLookup)? = nil,
        references: ReferenceCheck = .none
    ) -> Reading<DesiredState> {
        ReadFile.reading(bytes, file: file) { reader, sha256 in
            let walk = DesiredStateWalk(reader: reader, shard: shard, secrets: secrets, references: references)
            return walk.numbers().map { numbers in
                DesiredState(
                    numbers: numbers.filter { shard.owns($0.number) }, sha256: sha256, source: file, shard: shard,
                    fleetSize: numbers.count)
            }
        }
    }
}
