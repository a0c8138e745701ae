import Glibc

/// The errors of file operations. Every case names the path.
public enum FileError: Error, Hashable, Sendable {
    /// The path does not exist, or one of its directories is missing.
    case missing(path: String)
    /// The path exists, and must not be replaced.
    case exists(path: String)
    /// The path is something other than a regular file.
    case notRegular(path: String, FileKind)
    /// The file has more bytes than the caller accepts.
    case tooLarge(path: String, limit: Int)
    /// Another process wrote to the file while it was read.
    case changedWhileRead(path: String)
    /// The file belongs to a user that the caller does not accept.
    case foreignOwner(path: String, owner: UInt32)
    /// Users other than the owner have rights that the caller does not accept.
    case openToOthers(path: String, mode: UInt32)
    /// The path contains a NUL, which would end it for the system.
    case invalidPath(path: String)
    /// The system refused; `code` is its error number.
    case refused(FileAct, path: String, code: Int32)

    /// Returns the error of the call that has just failed.
    static func last(_ act: FileAct, _ path: String) -> FileError {
        switch errno {
        case ENOENT, ENOTDIR: .missing(path: path)
        case EEXIST: .exists(path: path)
        case let code: .refused(act, path: path, code: code)
        }
    }

    /// True when the file system, or the user's quota on it, is full.
    public var isFull: Bool {
        switch self {
        case .refused(_, _, let code): code == ENOSPC || code == EDQUOT
        case .missing, .exists, .notRegular, .tooLarge, .changedWhileRead, .foreignOwner, .openToOthers, .invalidPath:
            false
        }
    }

    /// The error in words, without the path and the operation.
    public var reason: String {
        switch self {
        case .missing: Self.words(ENOENT)
        case .exists: "a file of that name already exists"
        case .notRegular(_, let kind): "it is \(kind.rawValue), not a file"
        case .tooLarge(_, let limit): "it is larger than \(Self.size(limit))"
        case .changedWhileRead: "it was changed while it was read"
        case .foreignOwner(_, let owner): "it belongs to another user (id \(owner)), who could change it"
        case .openToOthers(_, let mode):
            "users other than its owner can read or change it (mode \(String(mode, radix: 8)))"
        case .invalidPath: "the path contains a NUL byte"
        case .refused(_, _, let code): Self.words(code)
        }
    }

    /// Returns a size limit in the unit that fits it.
    public static func size(_ bytes: Int) -> String {
        if bytes >= 1 << 20 { return "\(bytes >> 20) MiB" }
        return bytes >= 1 << 10 ? "\(bytes >> 10) KiB" : "\(bytes) bytes"
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

extension FileError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let path): "\(path): no such file or directory"
        case .exists(let path): "\(path) already exists: choose another name"
        case .notRegular(let path, let kind): "\(path) is \(kind.rawValue), not a regular file"
        case .tooLarge(let path, _), .changedWhileRead(let path), .foreignOwner(let path, _),
            .openToOthers(let path, _), .invalidPath(let path):
            "\(path): \(reason)"
        case .refused(let act, let path, _): "cannot \(act.rawValue) \(path): \(reason)"
        }
    }
}

/// The operation on a file, in the words of a message.
public enum FileAct: String, Hashable, Sendable {
    case inspect
    case open
    case create
    case read
    case write
    case empty
    case sync
    case replace
    case makeDirectory = "create the directory"
    case changeOwner = "set the owner of"
    case changeMode = "set the mode of"
}

/// The kind of file at a path, in the words of a message.
public enum FileKind: String, Hashable, Sendable {
    case regular = "a regular file"
    case directory = "a directory"
    case pipe = "a named pipe"
    case socket = "a socket"
    case link = "a symbolic link"
    case device = "a device"
    /// A file that cannot even be opened; the system does not report which of the two it is.
    case socketOrDevice = "a socket or a device"
}
