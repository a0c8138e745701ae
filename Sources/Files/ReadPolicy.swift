import Glibc

/// Which file a caller accepts, and how much of it is read.
public struct ReadPolicy: Sendable {
    /// The most bytes that the file may have.
    public let limit: Int
    /// Whose file it may be.
    public let owner: AllowedOwner
    /// The permission bits that it must not have.
    public let forbidden: UInt32
    /// The permission bits that it must not have when root owns it; as ``forbidden`` unless stated.
    public let forbiddenOfRoot: UInt32
    /// Whether a symbolic link stands for the file that it names.
    public let followsLinks: Bool

    /// A policy that accepts every regular file within the limit, but for what is stated.
    public init(
        limit: Int, owner: AllowedOwner = .anyone, forbidden: UInt32 = 0, forbiddenOfRoot: UInt32? = nil,
        followsLinks: Bool = true
    ) {
        self.limit = limit
        self.owner = owner
        self.forbidden = forbidden
        self.forbiddenOfRoot = forbiddenOfRoot ?? forbidden
        self.followsLinks = followsLinks
    }

    func check(_ status: FileStatus, at path: String) throws(FileError) {
        guard status.kind == .regular else { throw .notRegular(path: path, status.kind) }
        guard owner.permits(status.owner, path: path) else { throw .foreignOwner(path: path, owner: status.owner) }
        guard status.mode & (status.owner == 0 ? forbiddenOfRoot : forbidden) == 0 else {
            throw .openToOthers(path: path, mode: status.mode)
        }
    }
}

/// Whose file it may be. Root can replace every file, so root's are always accepted.
public enum AllowedOwner: Hashable, Sendable {
    case anyone
    /// This user's.
    case user
    /// This user's; for root also another user's.
    case userOrAnyoneForRoot
    /// This user's; for root also that of the directory's owner.
    case userOrDirectoryOwnerForRoot

    /// Whether the file at `path` may belong to `owner`.
    public func permits(_ owner: UInt32, path: String) -> Bool {
        let user = geteuid()
        if owner == user || owner == 0 { return true }
        switch self {
        case .anyone: return true
        case .user: return false
        case .userOrAnyoneForRoot: return user == 0
        case .userOrDirectoryOwnerForRoot:
            var directory = stat()
            return user == 0 && stat(Directory.parent(of: path), &directory) == 0 && directory.st_uid == owner
        }
    }
}

/// Reading whole files.
public enum CheckedFile {
    /// The bytes of the regular file at `path`, once it is found to be what `policy` accepts.
    ///
    /// It never blocks on a FIFO or a device, never reads more than the limit and one byte, and refuses a file that
    /// another process writes to meanwhile.
    public static func read(_ path: String, _ policy: ReadPolicy) throws(FileError) -> [UInt8] {
        let file = try OpenFile(path, for: .reading, followingLinks: policy.followsLinks)
        let before = try file.status()
        try policy.check(before, at: path)
        var bytes = try file.read(limit: policy.limit)
        guard bytes.count == before.size, try file.status().stamp.hasSameContent(as: before.stamp) else {
            bytes.wipe()
            throw .changedWhileRead(path: path)
        }
        return bytes
    }
}
