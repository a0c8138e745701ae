import Glibc
import Storage

/// Writes whole files: what a reader finds under the name is either the old content or the new one.
enum OutputFile {
    /// Makes `path`, with rights as the umask leaves them.
    ///
    /// - Parameter replaces: whether a file of that name may be replaced; it keeps its mode and its owner then.
    static func write(_ text: String, to path: String, replaces: Bool) throws {
        // A link stays a link: what it points to is replaced.
        let target = replaces ? resolved(path) : path
        var old = stat()
        let exists = (replaces ? stat(target, &old) : lstat(target, &old)) == 0
        if exists, !replaces { throw self.exists(path) }
        if exists, old.st_mode & S_IFMT != S_IFREG { throw Failure.failed("\(path) is not a regular file") }
        let draft = "\(target).\(getpid()).part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw problem("cannot make \(draft)") }
        defer {
            close(descriptor)
            unlink(draft)
        }
        if exists { try keepRights(of: old, on: descriptor, path) }
        try write(Array(text.utf8), to: descriptor, draft)
        guard fsync(descriptor) == 0 else { throw problem("cannot write \(draft) to the disk") }
        guard replaces else {
            // Unlike a rename, a link never takes the place of a file that appeared meanwhile.
            guard link(draft, target) == 0 else {
                throw errno == EEXIST ? self.exists(path) : problem("cannot make \(path)")
            }
            return try sync(target)
        }
        guard rename(draft, target) == 0 else { throw problem("cannot replace \(path)") }
        try sync(target)
    }

    private static func sync(_ path: String) throws {
        do { try PrivateFile.syncName(of: path) } catch { throw Failure(error) }
    }

    private static func resolved(_ path: String) -> String {
        guard let real = realpath(path, nil) else { return path }
        defer { free(real) }
        return String(cString: real)
    }

    private static func keepRights(of old: stat, on descriptor: Int32, _ path: String) throws {
        if old.st_uid != geteuid() || old.st_gid != getegid(), fchown(descriptor, old.st_uid, old.st_gid) != 0 {
            throw problem("cannot keep the owner of \(path)")
        }
        guard fchmod(descriptor, old.st_mode & 0o7777) == 0 else { throw problem("cannot keep the mode of \(path)") }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw problem("cannot write \(path)") }
            rest = rest.dropFirst(count)
        }
    }

    private static func exists(_ path: String) -> Failure {
        .failed("\(path) exists already: name a new file, or say --force to replace it")
    }

    private static func problem(_ what: String) -> Failure {
        .failed("\(what): \(String(cString: strerror(errno)))")
    }
}
