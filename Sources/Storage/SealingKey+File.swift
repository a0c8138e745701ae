import Files

extension SealingKey {
    /// Makes a new key in a new file, 0600, durable before it is returned.
    ///
    /// The file appears complete or not at all. Throws ``StorageError/keyExists(path:)`` when there is one already.
    public static func generate(file path: String) throws(StorageError) -> SealingKey {
        try generate(file: path, nil, owner: nil)
    }

    /// The same with a key that is there already, and for another owner than the directory's when root asks.
    static func generate(
        file path: String, _ given: SealingKey?, owner: UInt32?
    ) throws(StorageError) -> SealingKey {
        let key = given ?? random()
        var content = key.fileContent
        defer { content.wipe() }
        do throws(FileError) {
            let owner: WritePolicy.Owner = owner.map { .user($0) } ?? .directory
            try Draft.write(content, to: path, WritePolicy(existing: .stays, owner: owner))
        } catch {
            throw StorageError(key: error)
        }
        return key
    }

    /// Reads the key in a file that belongs to this user or root, and that nobody else can read.
    public static func load(file path: String) throws(StorageError) -> SealingKey {
        var content: [UInt8]
        do throws(FileError) {
            content = try CheckedFile.read(path, .key)
        } catch {
            throw StorageError(key: error)
        }
        defer { content.wipe() }
        guard let key = SealingKey(content: content) else { throw .keyMalformed(source: path) }
        return key
    }
}

extension ReadPolicy {
    /// A file with a sealing key: private to its owner. Root uses the key of every user.
    fileprivate static let key = ReadPolicy(limit: 128, owner: .userOrAnyoneForRoot, forbidden: 0o077)
}
