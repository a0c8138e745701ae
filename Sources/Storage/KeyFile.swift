import Files

/// A file that holds a sealing key, with the new key beside it during a key rotation.
///
/// A rotation first makes the new key durable as `NAME.new`, then reseals the store in one transaction, then renames
/// the new key over the old one. Wherever it is interrupted, one of the two files holds the key that opens everything,
/// and the key id in the store identifies it.
public struct KeyFile: Hashable, Sendable {
    public let path: String

    public init(path: String) { self.path = path }

    /// The path of the new key during a rotation.
    public var next: String { path + ".new" }

    /// Returns the key that opens data sealed under `id`, and whether it is the new key of an unfinished rotation.
    ///
    /// With `id` nil, or when neither key matches, returns the key in the file itself; opening the store with it then
    /// fails with the right error.
    public func load(for id: String?) throws(StorageError) -> (key: SealingKey, isNext: Bool) {
        let key = try SealingKey.load(file: path)
        guard let id, key.id != id, try FileStatus.stored(next) != nil else { return (key, false) }
        let other = try SealingKey.load(file: next)
        return other.id == id ? (other, true) : (key, false)
    }

    /// Creates the key of the next rotation, or returns the one that an unfinished rotation left; durable when it
    /// returns.
    ///
    /// - Parameter given: a key to use instead of a new one.
    public func prepareNext(_ given: SealingKey? = nil) throws(StorageError) -> SealingKey {
        guard let old = try FileStatus.stored(path, followingLinks: true) else {
            throw .permissions(path: path, problem: "there is no such key file")
        }
        if try FileStatus.stored(next) != nil {
            let left = try SealingKey.load(file: next)
            guard let given, given.id != left.id else { return left }
            throw .keyExists(path: next)
        }
        let key = try SealingKey.generate(file: next, given, owner: old.owner)
        return key
    }

    /// Puts the new key in place, after the store was resealed under it. The old key is kept beside it as `NAME.ID`,
    /// because older backups need it.
    ///
    /// - Returns: the path of the old key.
    @discardableResult
    public func finish() throws(StorageError) -> String {
        let old = "\(path).\(try SealingKey.load(file: path).id)"
        try StorageError.files { () throws(FileError) in
            try Directory.keep(path, as: old)
            try Directory.move(next, over: path)
        }
        return old
    }
}
