import Files
import Glibc

extension StorageError {
    /// What the file system refused, in the store's terms.
    init(_ error: FileError) {
        switch error {
        case .missing(let path): self = .io(path: path, operation: "open", problem: error.reason)
        case .exists(let path): self = .keyExists(path: path)
        case .notRegular(let path, _):
            self = .permissions(path: path, problem: "is not a regular file: move it away")
        case .foreignOwner(let path, let owner):
            self = .permissions(path: path, problem: "belongs to user id \(owner): chown it to this user")
        case .openToOthers(let path, _):
            self = .permissions(path: path, problem: "others can read or change this key: chmod 0600 it")
        case .invalidPath(let path): self = .permissions(path: path, problem: error.reason)
        case .tooLarge(let path, _), .changedWhileRead(let path):
            self = .io(path: path, operation: "read", problem: error.reason)
        case .refused(.inspect, let path, EACCES):
            self = .permissions(path: path, problem: "this user may not look here: run as the daemon's user")
        case .refused(.open, let path, EACCES), .refused(.create, let path, EACCES):
            self = .permissions(path: path, problem: "this user may not open it: run as the daemon's user")
        case .refused(let act, let path, _):
            self =
                error.isFull ? .diskFull(path: path) : .io(path: path, operation: act.rawValue, problem: error.reason)
        }
    }

    /// What was wrong with a file that should hold a key.
    init(key error: FileError) {
        switch error {
        case .notRegular(let path, _):
            self = .permissions(path: path, problem: "is not a regular file: name the key's file itself")
        case .tooLarge(let path, _): self = .keyMalformed(source: path)
        case .missing, .exists, .foreignOwner, .openToOthers, .changedWhileRead, .invalidPath, .refused:
            self.init(error)
        }
    }

    /// Does something with files, and gives its errors in the store's terms.
    static func files<Value>(_ work: () throws(FileError) -> Value) throws(StorageError) -> Value {
        do { return try work() } catch { throw StorageError(error) }
    }
}

extension FileStatus {
    /// The status of a file in or beside the store; nil when there is none.
    static func stored(_ path: String, followingLinks: Bool = false) throws(StorageError) -> FileStatus? {
        try StorageError.files { () throws(FileError) in try FileStatus.of(path, followingLinks: followingLinks) }
    }
}

extension FileIdentity {
    /// The file at `path` now; nil when there is none.
    init?(of path: String) throws(StorageError) {
        guard let status = try FileStatus.stored(path, followingLinks: true) else { return nil }
        self = status.identity
    }
}
