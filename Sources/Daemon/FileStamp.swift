import Glibc
import Planning

/// Which content a path leads to, as far as the system keeps count: the file and its last change.
struct FileStamp: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: [Int]
    /// The inode's own: nobody can set it.
    private let changed: [Int]

    /// How long a file must have rested before its stamp stands for its content. The system's clock for files ticks in
    /// steps: of two changes in one step only the first would be seen.
    private static let rest = Duration.seconds(2)

    /// The stamp of what `path` leads to now; nil when that cannot be told.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
    }

    /// Whether whoever reads the file from `now` on, and finds this stamp again later, has read what is there then.
    func isSettled(at now: Instant) -> Bool {
        Instant(millisecondsSinceEpoch: Int64(changed[0]) * 1000).advanced(by: Self.rest) < now
    }
}
