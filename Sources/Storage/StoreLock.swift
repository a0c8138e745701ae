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
    private let descriptor: Int32

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
            let lock = StoreLock(location, try PrivateFile.open(location.lock, O_RDWR | O_CREAT))
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
        guard try PrivateFile.status(of: location.lock) != nil else { return nil }
        let descriptor = try PrivateFile.open(location.lock, O_RDONLY)
        defer { close(descriptor) }
        var lock = wholeFile(F_WRLCK)
        guard fcntl(descriptor, getOpenFileLock, &lock) == 0 else {
            throw PrivateFile.failure("ask for the lock of", location.lock)
        }
        guard lock.l_type != Int16(F_UNLCK) else { return nil }
        return read(descriptor, location)
    }

    private init(_ location: StoreLocation, _ descriptor: Int32) {
        self.location = location
        self.descriptor = descriptor
    }

    deinit {
        // Closing the only descriptor of this open file description frees the lock.
        close(descriptor)
    }

    /// Empties the file and frees the lock. Afterwards this object is of no use.
    public func release() throws(StorageError) {
        guard ftruncate(descriptor, 0) == 0 else { throw PrivateFile.failure("empty", location.lock) }
        var unlock = Self.wholeFile(F_UNLCK)
        guard fcntl(descriptor, Self.setOpenFileLock, &unlock) == 0 else {
            throw PrivateFile.failure("unlock", location.lock)
        }
    }

    private func take() throws(StorageError) {
        var lock = Self.wholeFile(F_WRLCK)
        guard fcntl(descriptor, Self.setOpenFileLock, &lock) != 0 else { return }
        guard errno == EAGAIN || errno == EACCES else { throw PrivateFile.failure("lock", location.lock) }
        throw .lockHeld(directory: location.directory, holder: Self.read(descriptor, location))
    }

    private func isOnNamedFile() throws(StorageError) -> Bool {
        let ours = try PrivateFile.status(ofDescriptor: descriptor, location.lock)
        guard let named = try PrivateFile.status(of: location.lock) else { return false }
        return ours.device == named.device && ours.inode == named.inode
    }

    private func write(_ holder: LockHolder) throws(StorageError) {
        try PrivateFile.adoptDirectoryOwner(descriptor, location.lock)
        let lines = [
            "command \(holder.command ?? "")", "pid \(holder.pid ?? 0)", "since \(holder.since?.description ?? "")", "",
        ]
        try PrivateFile.write(Array(lines.joined(separator: "\n").utf8), to: descriptor, location.lock)
    }

    /// What the holder wrote. The lock tells that somebody holds it; a file that cannot be read only loses the name.
    private static func read(_ descriptor: Int32, _ location: StoreLocation) -> LockHolder {
        guard let bytes = try? PrivateFile.read(descriptor, location.lock, limit: 1024) else {
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
