import Glibc

/// The rules for the files that a caller accepts.
public struct ReadPolicy: Sendable {
    /// The maximum size of the file, in bytes.
    public let limit: Int
    /// The users who may own the file.
    public let owner: AllowedOwner
    /// The permission bits that it must not have.
    public let forbidden: UInt32
    /// The permission bits that it must not have when root owns it; by default those of ``forbidden``.
    public let forbiddenOfRoot: UInt32
    /// True when a symbolic link is followed to its target.
    public let followsLinks: Bool

    /// Creates a policy that accepts every regular file within the limit, except as stated.
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

/// The users who may own a file. Root can replace every file, so root is always accepted.
public enum AllowedOwner: Hashable, Sendable {
    case anyone
    /// This user.
    case user
    /// This user; for root also any other user.
    case userOrAnyoneForRoot
    /// This user; for root also the directory's owner.
    case userOrDirectoryOwnerForRoot

    /// Returns whether `owner` may own the file at `path`.
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

/// Reads whole files.
public enum CheckedFile {
    /// Returns the bytes of the regular file at `path`, after checking it against `policy`.
    ///
    /// It never blocks on a FIFO or a device, reads at most one byte more than the limit, and refuses a file that
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
