/// Which file a path led to: the device and the inode.
struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    /// The file at `path` now; nil when there is none.
    init?(of path: String) throws(StorageError) {
        guard let status = try PrivateFile.status(of: path, followingLinks: true) else { return nil }
        device = status.device
        inode = status.inode
    }
}
