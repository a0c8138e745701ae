import Glibc

/// An open file, which child processes do not inherit. It is closed with the last reference.
public final class OpenFile: Sendable {
    /// The purpose for which a file is opened.
    public enum Use: Sendable {
        /// Reading the existing file.
        case reading
        /// Reading and writing in place; the file is created for the owner alone when it is missing.
        case updating
        /// Writing a new file, with at most these permission bits: the umask can remove some.
        case creating(mode: UInt32)

        fileprivate var flags: Int32 {
            switch self {
            // Opening a FIFO or a device must not hang.
            case .reading: O_RDONLY | O_NONBLOCK | O_NOCTTY
            case .updating: O_RDWR | O_CREAT
            case .creating: O_WRONLY | O_CREAT | O_EXCL
            }
        }

        fileprivate var act: FileAct {
            switch self {
            case .reading, .updating: .open
            case .creating: .create
            }
        }
    }

    public static let standardOutput = OpenFile(borrowing: STDOUT_FILENO, "standard output")
    public static let standardError = OpenFile(borrowing: STDERR_FILENO, "standard error")

    /// The path at which the file was opened, for messages.
    public let path: String
    /// The descriptor, for calls that this type does not offer, such as locks.
    public let descriptor: Int32
    private let isOwned: Bool

    /// Opens the file at `path`. A symbolic link is refused, or followed to the file that it names.
    public init(_ path: String, for use: Use, followingLinks: Bool = false) throws(FileError) {
        guard !path.utf8.contains(0) else { throw .invalidPath(path: path) }
        var mode: UInt32 = 0o600
        if case .creating(let wanted) = use { mode = wanted }
        let links = followingLinks ? 0 : O_NOFOLLOW
        descriptor = open(path, use.flags | O_CLOEXEC | links, mode)
        guard descriptor >= 0 else {
            // The error for a socket, and for a device without a driver.
            if errno == ENXIO { throw .notRegular(path: path, .socketOrDevice) }
            throw .last(use.act, path)
        }
        self.path = path
        isOwned = true
    }

    private init(borrowing descriptor: Int32, _ path: String) {
        self.descriptor = descriptor
        self.path = path
        isOwned = false
    }

    deinit { if isOwned { close(descriptor) } }

    /// Returns the present status.
    public func status() throws(FileError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .last(.inspect, path) }
        return FileStatus(status)
    }

    /// Returns the bytes of a regular file from the present position to its end, and at most one more than its size.
    ///
    /// Throws ``FileError/tooLarge(path:limit:)`` before anything is read.
    public func read(limit: Int) throws(FileError) -> [UInt8] {
        let size = try status().size
        guard size <= limit else { throw .tooLarge(path: path, limit: limit) }
        let calls = SystemCalls.current
        var failure: Int32 = 0
        // Allocated in one piece: a copy would leave the content of a secret behind.
        var bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            while count <= size, let base = buffer.baseAddress {
                let rest = UnsafeMutableRawBufferPointer(start: base + count, count: size + 1 - count)
                let got = calls.read(descriptor, rest)
                if got == 0 { return }
                if got > 0 {
                    count += got
                } else if errno != EINTR {
                    failure = errno
                    return
                }
            }
        }
        guard failure == 0 else {
            bytes.wipe()
            throw .refused(.read, path: path, code: failure)
        }
        return bytes
    }

    /// Writes all of `bytes` at the present position.
    public func write(_ bytes: [UInt8]) throws(FileError) {
        let calls = SystemCalls.current
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                calls.write(descriptor, UnsafeRawBufferPointer(rebasing: buffer[written...]))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(.write, path) }
            written += count
        }
    }

    /// Writes all of `bytes` at `offset`. A power failure may leave the old content, or a mix of both.
    public func overwrite(_ bytes: [UInt8], at offset: Int) throws(FileError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(descriptor, buffer.baseAddress.map { $0 + written }, bytes.count - written, offset + written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(.write, path) }
            written += count
        }
    }

    /// Truncates the file to nothing.
    public func empty() throws(FileError) {
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else { throw .last(.empty, path) }
    }

    /// Makes the content durable.
    public func sync() throws(FileError) {
        guard SystemCalls.current.sync(descriptor) == 0 else { throw .last(.sync, path) }
    }

    /// Sets the permission bits, whatever the umask.
    func setMode(_ mode: UInt32) throws(FileError) {
        guard fchmod(descriptor, mode) == 0 else { throw .last(.changeMode, path) }
    }

    func setOwner(_ owner: UInt32, group: UInt32 = .max) throws(FileError) {
        guard fchown(descriptor, owner, group) == 0 else { throw .last(.changeOwner, path) }
    }

    /// Gives a file that root creates to the owner of its directory, who must be able to open it later.
    public func giveToDirectoryOwner() throws(FileError) {
        guard geteuid() == 0, let directory = try FileStatus.of(Directory.parent(of: path)), directory.owner != 0 else {
            return
        }
        try setOwner(directory.owner)
    }
}

/// The system calls that move bytes, make them durable and watch files. Tests replace them, to record them and to make
/// one fail.
struct SystemCalls: Sendable {
    var read: @Sendable (Int32, UnsafeMutableRawBufferPointer) -> Int = { Glibc.read($0, $1.baseAddress, $1.count) }
    var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
    var sync: @Sendable (Int32) -> Int32 = { fsync($0) }
    var rename: @Sendable (String, String) -> Int32 = { Glibc.rename($0, $1) }
    var link: @Sendable (String, String) -> Int32 = { Glibc.link($0, $1) }
    var initWatches: @Sendable () -> Int32 = { inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
    var addWatch: @Sendable (Int32, String, UInt32) -> Int32 = { inotify_add_watch($0, $1, $2) }

    @TaskLocal static var current = SystemCalls()
}
