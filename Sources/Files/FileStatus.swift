import Glibc

/// What the system says of the file at a path, or of one that is open.
public struct FileStatus: Hashable, Sendable {
    public let kind: FileKind
    /// The permission bits, set-user-id and the like included.
    public let mode: UInt32
    /// The user id of the owner.
    public let owner: UInt32
    /// The id of the group.
    public let group: UInt32
    /// In bytes.
    public let size: Int
    public let stamp: FileStamp

    /// Which file it is.
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

    /// The status of what is at `path`, or of what a symbolic link there names; nil when nothing is.
    public static func of(_ path: String, followingLinks: Bool = true) throws(FileError) -> FileStatus? {
        var status = stat()
        if (followingLinks ? stat(path, &status) : lstat(path, &status)) == 0 { return FileStatus(status) }
        let error = FileError.last(.inspect, path)
        if case .missing = error { return nil }
        throw error
    }
}

/// Which file it is, whatever its name and its content: the device and the inode.
public struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }
}

/// Which content a path leads to, as far as the system keeps count: the file and its last change.
public struct FileStamp: Hashable, Sendable {
    public let identity: FileIdentity
    private let size: Int64
    /// Seconds and nanoseconds since 1970.
    private let modified: [Int]
    /// The time of the inode's own change, which no user can set; seconds and nanoseconds since 1970.
    private let changed: [Int]

    /// How long a file must have rested before its stamp stands for its content. The system's clock for files ticks in
    /// steps: of two changes in one step only the first would be seen.
    private static let rest = Duration.seconds(2)

    init(_ status: stat) {
        identity = FileIdentity(status)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// The stamp of what `path` leads to now; nil when that cannot be told.
    public init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// When the content was changed last, since 1970. A user can set it.
    public var modifiedAt: Duration { .seconds(modified[0]) }

    /// Whether a reader who reads the file from `now` on, and finds this stamp again later, has read what is there then.
    ///
    /// - Parameter now: the time since 1970.
    public func isSettled(at now: Duration) -> Bool { .seconds(changed[0]) + Self.rest < now }

    /// Whether the content is the same. A new mode or a new name changes the inode, and not the content.
    func hasSameContent(as other: FileStamp) -> Bool {
        identity == other.identity && size == other.size && modified == other.modified
    }
}
