import Glibc

/// The system's status of the file at a path, or of an open file.
public struct FileStatus: Hashable, Sendable {
    public let kind: FileKind
    /// The permission bits, including set-user-ID, set-group-ID and sticky.
    public let mode: UInt32
    /// The user ID of the owner.
    public let owner: UInt32
    /// The ID of the group.
    public let group: UInt32
    /// The size in bytes.
    public let size: Int
    public let stamp: FileStamp

    /// The identity of the file.
    public var identity: FileIdentity { stamp.identity }

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            case S_IFLNK: .link
            default: .device
            }
        mode = UInt32(status.st_mode & 0o7777)
        owner = UInt32(status.st_uid)
        group = UInt32(status.st_gid)
        size = Int(status.st_size)
        stamp = FileStamp(status)
    }

    /// Returns the status of the file at `path`, or of the target of a symbolic link there; nil when nothing exists.
    public static func of(_ path: String, followingLinks: Bool = true) throws(FileError) -> FileStatus? {
        var status = stat()
        if (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 { return FileStatus(status) }
        let error = FileError.last(.inspect, path)
        if case .missing = error { return nil }
        throw error
    }
}

/// The identity of a file, independent of its name and content: the device and the inode.
public struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

/// The identity of a file's content, as far as the system records it: the file and its last change.
public struct FileStamp: Hashable, Sendable {
    public let identity: FileIdentity
    private let size: Int64
    /// Seconds and nanoseconds since 1970.
    private let modified: [Int]
    /// The time of the inode's own change, which no user can set; seconds and nanoseconds since 1970.
    private let changed: [Int]

    /// The time that must pass after a change before a stamp identifies the content. The system's clock for files ticks
    /// in steps: of two changes in one step only the first would be seen.
    private static let rest = Duration.seconds(2)

    init(_ status: stat) {
        identity = FileIdentity(status)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// Creates the stamp of the file that `path` leads to now; nil when that cannot be determined.
    public init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// The time of the last change of the content, since 1970. A user can set it.
    public var modifiedAt: Duration { .seconds(modified[0]) }

    /// Returns whether a reader that reads the file from `now` on, and later finds the same stamp, has read the content
    /// at that later time.
    ///
    /// - Parameter now: the time since 1970.
    public func isSettled(at now: Duration) -> Bool { .seconds(changed[0]) + Self.rest < now }

    /// Returns whether the content is the same. A new mode or a new name changes the inode, and not the content.
    func hasSameContent(as other: FileStamp) -> Bool {
        identity == other.identity && size == other.size && modified == other.modified
    }
}
