import Files
import Glibc
public import Planning

/// Who holds a store's lock, as the lock file says; parts are nil when the file does not say them.
public struct LockHolder: Hashable, Sendable, CustomStringConvertible {
    /// The process id.
    public let pid: Int32?
    /// When it took the lock.
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
        return parts.isEmpty ? "which did not say who it is" : parts.joined(separator: ", ")
    }
}

/// The right to write to a store: one process at a time has it.
///
/// It is an open-file-description lock, so the kernel frees it however the process ends, and closing another
/// descriptor of the same file does not. It is released by ``release()`` or with the last reference.
public final class StoreLock: Sendable {
    /// The state directory whose store is locked.
    public let location: StoreLocation
    /// Closing the only descriptor of this open file description frees the lock.
    private let file: OpenFile

    /// Takes the lock and writes into it who holds it. Makes the directory and the file when they are missing.
    ///
    /// Throws ``StorageError/lockHeld(directory:holder:)`` at once when another process, or another part of this one,
    /// has it.
    public static func acquire(
        at location: StoreLocation, command: String, pid: Int32, now: Instant
    ) throws(StorageError) -> StoreLock {
        try location.prepareDirectory()
        // Somebody may remove the file between opening and locking it: the lock counts only on the file of that name.
        for _ in 0..<8 {
            let lock = StoreLock(
                location,
                try StorageError.files { () throws(FileError) in try OpenFile(location.lock, for: .updating) })
            try lock.take()
            if try lock.isOnNamedFile() {
                try lock.write(LockHolder(pid: pid, since: now, command: command))
                return lock
            }
        }
        throw .io(path: location.lock, operation: "lock", problem: "the file is removed again and again")
    }

    /// Who holds the lock right now; nil when nobody does. It never takes the lock, and what a dead process left in
    /// the file does not count.
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
            throw failure("ask for the lock of", location)
        }
        guard lock.l_type != Int16(F_UNLCK) else { return nil }
        return read(file)
    }

    private init(_ location: StoreLocation, _ file: OpenFile) {
        self.location = location
        self.file = file
    }

    /// Empties the file and frees the lock. Afterwards this object is of no use.
    public func release() throws(StorageError) {
        try StorageError.files { () throws(FileError) in try file.empty() }
        var unlock = Self.wholeFile(F_UNLCK)
        guard fcntl(file.descriptor, Self.setOpenFileLock, &unlock) == 0 else { throw Self.failure("unlock", location) }
    }

    private func take() throws(StorageError) {
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

    /// What the holder wrote. The lock tells that somebody holds it; a file that cannot be read only loses the name.
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
