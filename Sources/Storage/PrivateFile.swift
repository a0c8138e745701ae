import Glibc

/// The few operations on files that the store, its lock and its key need, each with its error. One is for other files as well.
public enum PrivateFile {
    /// What `stat` says of a file.
    struct Status {
        let mode: UInt32
        let owner: UInt32
        let size: Int
        let device: UInt64
        let inode: UInt64

        init(_ raw: stat) {
            mode = raw.st_mode
            owner = raw.st_uid
            size = Int(raw.st_size)
            device = UInt64(raw.st_dev)
            inode = UInt64(raw.st_ino)
        }

        var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
        var isRegularFile: Bool { mode & S_IFMT == S_IFREG }
        /// Root may use what belongs to anybody.
        var isOwnedByUsOrRoot: Bool { owner == geteuid() || owner == 0 || geteuid() == 0 }
    }

    /// The file's status; nil when there is none at `path`.
    static func status(of path: String, followingLinks: Bool = false) throws(StorageError) -> Status? {
        var raw = stat()
        if (followingLinks ? stat(path, &raw) : lstat(path, &raw)) == 0 { return Status(raw) }
        switch errno {
        case ENOENT: return nil
        case EACCES: throw .permissions(path: path, problem: "this user may not look here: run as the daemon's user")
        default: throw failure("look at", path)
        }
    }

    /// The status of an open file.
    static func status(ofDescriptor descriptor: Int32, _ path: String) throws(StorageError) -> Status {
        var raw = stat()
        guard fstat(descriptor, &raw) == 0 else { throw failure("look at", path) }
        return Status(raw)
    }

    static func makeDirectory(at path: String) throws(StorageError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("make the directory", path) }
        // The process's umask could have taken away our own rights.
        try restrict(path, to: 0o700)
    }

    static func restrict(_ path: String, to mode: mode_t = 0o600) throws(StorageError) {
        guard chmod(path, mode) == 0 else { throw failure("restrict the mode of", path) }
    }

    /// Opens `path` with close-on-exec, and unless told otherwise without following a link; 0600 when it is created.
    static func open(_ path: String, _ flags: Int32, followingLinks: Bool = false) throws(StorageError) -> Int32 {
        let descriptor = Glibc.open(path, flags | O_CLOEXEC | (followingLinks ? 0 : O_NOFOLLOW), 0o600)
        guard descriptor < 0 else { return descriptor }
        switch errno {
        case EACCES: throw .permissions(path: path, problem: "this user may not open it: run as the daemon's user")
        case ENOSPC: throw .diskFull(path: path)
        default: throw failure("open", path)
        }
    }

    /// Creates an empty file, 0600, that belongs to the directory's owner.
    static func createEmpty(at path: String) throws(StorageError) {
        let descriptor = try open(path, O_RDWR | O_CREAT)
        defer { close(descriptor) }
        try adoptDirectoryOwner(descriptor, path)
    }

    /// When root makes a file in the daemon's directory, the daemon must be able to open it later.
    static func adoptDirectoryOwner(_ descriptor: Int32, _ path: String) throws(StorageError) {
        guard geteuid() == 0, let parent = try status(of: directory(of: path), followingLinks: true) else { return }
        if parent.owner != 0, fchown(descriptor, parent.owner, gid_t.max) != 0 {
            throw failure("give the directory's owner to", path)
        }
    }

    /// At most `limit` bytes from the start of an open file; one byte more tells that there is more.
    static func read(_ descriptor: Int32, _ path: String, limit: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + filled }, $0.count - filled, off_t(filled))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            if count == 0 { break }
            filled += count
        }
        // Cut in place: a copy would leave the content of a key behind.
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Replaces the content of an open file.
    static func write(_ content: [UInt8], to descriptor: Int32, _ path: String) throws(StorageError) {
        guard ftruncate(descriptor, 0) == 0 else { throw failure("empty", path) }
        var written = 0
        while written < content.count {
            let count = content.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress.map { $0 + written }, $0.count - written, off_t(written))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw errno == ENOSPC ? .diskFull(path: path) : failure("write", path) }
            written += count
        }
    }

    /// Makes an open file's content durable.
    static func sync(_ descriptor: Int32, _ path: String) throws(StorageError) {
        guard fsync(descriptor) == 0 else { throw failure("write to the disk", path) }
    }

    /// Makes the names in a directory durable.
    static func syncDirectory(_ path: String) throws(StorageError) {
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        try sync(descriptor, path)
    }

    /// Makes the name of a file durable, with the folder that it is in.
    public static func syncName(of path: String) throws(StorageError) { try syncDirectory(directory(of: path)) }

    /// The directory part of a path; `.` when it has none.
    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// The last error of the operating system as the store's error.
    static func failure(_ operation: String, _ path: String) -> StorageError {
        let problem = String(cString: strerror(errno))
        return .io(path: path, operation: operation, problem: problem)
    }
}
