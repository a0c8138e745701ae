import Foundation

/// The bytes of a regular file, read under a limit, and whose file it is.
struct BoundedFile {
    /// The most bytes that a configuration file may have.
    static let largestConfiguration = 256 << 20

    private(set) var bytes: [UInt8]
    /// The permission bits.
    let mode: UInt32
    /// The user id of the owner.
    let owner: UInt32
    /// The user id of the owner of the folder; nil when that cannot be told.
    private let folderOwner: UInt32?

    /// Reads `path`. It never blocks on a FIFO or a device, and never reads more than `limit` bytes and one.
    init(path: String, limit: Int = BoundedFile.largestConfiguration) throws(FileProblem) {
        guard !path.utf8.contains(0) else { throw .unreadable("the path contains a NUL") }
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw Self.problem(errno) }
        defer { close(descriptor) }
        let before = try Self.status(descriptor)
        switch before.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .notRegular("a directory")
        case S_IFIFO: throw .notRegular("a named pipe")
        case S_IFSOCK: throw .notRegular("a socket")
        default: throw .notRegular("a device")
        }
        guard Int(before.st_size) <= limit else { throw .tooLarge(limit) }
        bytes = try Self.readAll(descriptor, size: Int(before.st_size))
        let after = try Self.status(descriptor)
        guard bytes.count == Int(before.st_size), after.st_size == before.st_size,
            after.st_mtim.tv_sec == before.st_mtim.tv_sec, after.st_mtim.tv_nsec == before.st_mtim.tv_nsec
        else { throw .changedWhileRead }
        mode = UInt32(before.st_mode & 0o7777)
        owner = UInt32(before.st_uid)
        var folder = stat()
        let folderPath = (path as NSString).deletingLastPathComponent
        folderOwner = stat(folderPath.isEmpty ? "." : folderPath, &folder) == 0 ? UInt32(folder.st_uid) : nil
    }

    /// Overwrites the bytes of a file with secrets, once it was read.
    mutating func wipe() { bytes.wipe() }

    /// Why this file must not hold secrets; nil when only its owner, who is us or root, can read it.
    var privacyProblem: String? {
        if owner != geteuid(), owner != 0 {
            return "it belongs to another user (id \(owner)), who could change it"
        }
        guard mode & 0o077 != 0 else { return nil }
        return "others than its owner may read or change it (mode \(String(mode, radix: 8)))"
    }

    /// Why this file cannot be a credential of the service manager; nil when it can.
    ///
    /// Its versions differ: mode 0400 of the service's own user (systemd 252), mode 0440 of root (257). Root may look into
    /// a running service's credentials: there the folder belongs to that service's user as well.
    var credentialProblem: String? {
        if owner != geteuid(), owner != 0, geteuid() != 0 || owner != folderOwner {
            return "it belongs to another user (id \(owner)), who could change it"
        }
        guard mode & (owner == 0 ? 0o027 : 0o077) != 0 else { return nil }
        return "others may read or change it (mode \(String(mode, radix: 8)))"
    }

    private static func status(_ descriptor: Int32) throws(FileProblem) -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw problem(errno) }
        return status
    }

    /// Reads to the end, or to one byte more than `size`.
    private static func readAll(_ descriptor: Int32, size: Int) throws(FileProblem) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: size + 1) { buffer, count in
            while count <= size, let base = buffer.baseAddress {
                let got = read(descriptor, base + count, size + 1 - count)
                if got == 0 { return }
                if got > 0 {
                    count += got
                } else if errno != EINTR {
                    failure = errno
                    return
                }
            }
        }
        guard failure == 0 else { throw problem(failure) }
        return bytes
    }

    private static func problem(_ code: Int32) -> FileProblem {
        switch code {
        case ENOENT, ENOTDIR: .notFound
        case ENXIO: .notRegular("a socket or a device")
        default: .unreadable(String(cString: strerror(code)))
        }
    }
}

/// Why a file could not be read.
enum FileProblem: Error, Hashable, CustomStringConvertible {
    case notFound
    /// Something else stands at the path.
    case notRegular(String)
    /// It has more than this many bytes.
    case tooLarge(Int)
    /// What the system said.
    case unreadable(String)
    /// Somebody wrote to it meanwhile.
    case changedWhileRead

    var description: String {
        switch self {
        case .notFound: "there is no such file"
        case .notRegular(let kind): "this is \(kind), not a file"
        case .tooLarge(let limit):
            "the file is larger than \(limit >= 1 << 20 ? "\(limit >> 20) MiB" : "\(limit >> 10) KiB")"
        case .unreadable(let reason): "the file cannot be read: \(reason)"
        case .changedWhileRead: "the file was changed while it was read"
        }
    }

    var hint: String? {
        switch self {
        case .notFound: "check the path, and the settings file that names it"
        case .notRegular, .tooLarge: nil
        case .unreadable: "check the permissions of the file and of its folders"
        case .changedWhileRead: "write the new content beside it and rename it into place; then read again"
        }
    }
}
