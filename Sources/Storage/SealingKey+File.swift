import Glibc

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
        guard try PrivateFile.status(of: path) == nil else { throw .keyExists(path: path) }
        let key = given ?? random()
        // Written under another name and then linked: a crash or a full disk never leaves half a key.
        let draft = "\(path).\(getpid()).new"
        let descriptor = try PrivateFile.open(draft, O_RDWR | O_CREAT | O_EXCL)
        defer {
            close(descriptor)
            unlink(draft)
        }
        try PrivateFile.adoptDirectoryOwner(descriptor, draft)
        if let owner, geteuid() == 0, fchown(descriptor, owner, gid_t.max) != 0 {
            throw PrivateFile.failure("give the old key's owner to", draft)
        }
        var content = key.fileContent
        defer { content.wipe() }
        try PrivateFile.write(content, to: descriptor, draft)
        try PrivateFile.sync(descriptor, draft)
        guard link(draft, path) == 0 else {
            throw errno == EEXIST ? .keyExists(path: path) : PrivateFile.failure("make the key file", path)
        }
        try PrivateFile.syncDirectory(PrivateFile.directory(of: path))
        return key
    }

    /// Reads the key in a file that belongs to this user or root, and that nobody else can read.
    public static func load(file path: String) throws(StorageError) -> SealingKey {
        // Non-blocking: opening a named pipe must not hang. A link is followed, since the file it names is checked.
        let descriptor = try PrivateFile.open(path, O_RDONLY | O_NONBLOCK, followingLinks: true)
        defer { close(descriptor) }
        let status = try PrivateFile.status(ofDescriptor: descriptor, path)
        guard status.isRegularFile else {
            throw .permissions(path: path, problem: "is not a regular file: name the key's file itself")
        }
        guard status.isOwnedByUsOrRoot else {
            throw .permissions(path: path, problem: "belongs to user id \(status.owner): chown it to this user")
        }
        guard status.mode & 0o077 == 0 else {
            throw .permissions(path: path, problem: "others can read or change this key: chmod 0600 it")
        }
        var content = try PrivateFile.read(descriptor, path, limit: 128)
        defer { content.wipe() }
        guard let key = SealingKey(content: content) else { throw .keyMalformed(source: path) }
        return key
    }
}
