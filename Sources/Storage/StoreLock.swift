import Files
import Glibc
public import Planning

/// The holder of a store's lock, as the lock file names it; properties are nil when the file lacks them.
public struct LockHolder: Hashable, Sendable, CustomStringConvertible {
    /// The process id.
    public let pid: Int32?
    /// The time at which the process acquired the lock.
    public let since: Instant?
    /// The command that works on the store: `run`, `apply`, `key rotate`, …
    public let command: String?

    public init(pid: Int32?, since: Instant?, command: String?) {
        self.pid = pid
        self.since = since
        self.command = command
    }

    public var description: String {
        let parts = [command, pid.map { "pid \($0)" }, since.map { "since \($0)" }].compactMap(\.self)
        return parts.isEmpty ? "which has not identified itself" : parts.joined(separator: ", ")
    }
}

/// The right to write to a store, which one process at a time has.
///
/// It is an open-file-description lock: the kernel releases it however the process ends, and closing another descriptor
/// of the same file does not release it. It is held until ``release()``, or until the last reference is gone.
public final class StoreLock: Sendable {
    /// The state directory whose store is locked.
    public let location: StoreLocation
    /// The only descriptor of its open file description: closing it releases the lock.
    private let file: OpenFile

    /// Acquires the lock and writes its holder into the file. Creates the directory and the file when they are missing.
    ///
    /// Throws ``StorageError/lockHeld(directory:holder:)`` at once when another process, or another part of this one,
    /// holds it.
    public static func acquire(
        at location: StoreLocation, command: String, pid: Int32, now: Instant
    ) throws(StorageError) -> StoreLock {
        try location.prepareDirectory()
        // The file may be removed between opening and locking it: the lock counts only on the file of that name.
        for _ in 0..<8 {
            let lock = StoreLock(
                location,
                try StorageError.files { () throws(FileError) in try OpenFile(location.lock, for: .updating) })
            try lock.lockFile()
            if try lock.isOnNamedFile() {
                try lock.write(LockHolder(pid: pid, since: now, command: command))
                return lock
            }
        }
        throw .io(path: location.lock, operation: "lock", problem: "the file is repeatedly removed")
    }

    /// Returns the present holder of the lock; nil when no process holds it. Does not acquire the lock, and ignores the
    /// text that a dead process left in the file.
    public static func holder(at location: StoreLocation) throws(StorageError) -> LockHolder? {
        let file: OpenFile
        do throws(FileError) {
            file = try OpenFile(location.lock, for: .reading)
        } catch .missing {
            return nil
        } catch {
            throw StorageError(error)
        }
        var lock = wholeFile(F_WRLCK)
        guard fcntl(file.descriptor, getOpenFileLock, &lock) == 0 else {
            throw failure("query the lock of", location)
        }
        guard lock.l_type != Int16(F_UNLCK) else { return nil }
        return read(file)
    }

    private init(_ location: StoreLocation, _ file: OpenFile) {
        self.location = location
        self.file = file
    }

    /// Empties the file and releases the lock. This object cannot be used afterwards.
    public func release() throws(StorageError) {
        try StorageError.files { () throws(FileError) in try file.empty() }
        var unlock = Self.wholeFile(F_UNLCK)
        guard fcntl(file.descriptor, Self.setOpenFileLock, &unlock) == 0 else { throw Self.failure("unlock", location) }
    }

    private func lockFile() throws(StorageError) {
        var lock = Self.wholeFile(F_WRLCK)
        guard fcntl(file.descriptor, Self.setOpenFileLock, &lock) != 0 else { return }
        guard errno == EAGAIN || errno == EACCES else { throw Self.failure("lock", location) }
        throw .lockHeld(directory: location.directory, holder: Self.read(file))
    }

    private func isOnNamedFile() throws(StorageError) -> Bool {
        try StorageError.files { () throws(FileError) in
            try file.status().identity == FileStatus.of(location.lock, followingLinks: false)?.identity
        }
    }

    private func write(_ holder: LockHolder) throws(StorageError) {
        let lines = [
            "command \(holder.command ?? "")", "pid \(holder.pid ?? 0)", "since \(holder.since?.description ?? "")", "",
        ]
        try StorageError.files { () throws(FileError) in
            try file.giveToDirectoryOwner()
            try file.empty()
            try file.write(Array(lines.joined(separator: "\n").utf8))
        }
    }

    /// Reads the holder's text. The lock itself shows that it is held; when the file cannot be read, only the name is
    /// missing.
    private static func read(_ file: OpenFile) -> LockHolder {
        guard let bytes = try? file.read(limit: 1024) else {
            return LockHolder(pid: nil, since: nil, command: nil)
        }
        var fields: [Substring: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2 { fields[parts[0]] = String(parts[1]) }
        }
        return LockHolder(
            pid: fields["pid"].flatMap { Int32($0) }, since: fields["since"].flatMap { Instant($0) },
            command: fields["command"]
        )
    }

    private static func failure(_ operation: String, _ location: StoreLocation) -> StorageError {
        .io(path: location.lock, operation: operation, problem: String(cString: strerror(errno)))
    }

    private static func wholeFile(_ type: Int32) -> flock {
        var lock = flock()
        lock.l_type = Int16(type)
        lock.l_whence = Int16(SEEK_SET)
        return lock
    }

    /// `F_OFD_GETLK` and `F_OFD_SETLK` of Linux (include/uapi/asm-generic/fcntl.h); Swift's Glibc does not name them.
    private static let getOpenFileLock: Int32 = 36
    private static let setOpenFileLock: Int32 = 37
}
