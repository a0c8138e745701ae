import Files
import Glibc

/// The state directory, which holds one store and the files that belong to it.
public struct StoreLocation: Hashable, Sendable {
    /// The state directory, without a trailing slash.
    public let directory: String

    /// Creates the location in `directory`, an absolute or relative path.
    public init(directory: String) {
        var trimmed = Substring(directory)
        while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        self.directory = String(trimmed)
    }

    /// The path of the database.
    public var database: String { file("twostepd.sqlite") }
    /// The path of the lock file of the one process that may write.
    public var lock: String { file("twostepd.lock") }
    /// The path of the sealing key that is created when none is configured.
    public var key: String { file("twostepd.key") }
    /// The path of the fence file, which distinguishes a restored store from a current one.
    public var fence: String { file("twostepd.fence") }
    /// True when there is a key file beside the store.
    public var hasKeyFile: Bool { access(key, F_OK) == 0 }
    /// True when there is a store.
    public var hasStore: Bool { access(database, F_OK) == 0 }

    /// The warning while there is no store: either the fleet is new, or the directory is the wrong one.
    public var absence: String {
        "there is no store in \(directory): if there was one before, it is not here (is its volume mounted, and "
            + "state_directory right?)"
    }

    /// The paths of the database and of the two files that SQLite keeps beside it.
    var databaseFiles: [String] { [database, database + "-wal", database + "-shm"] }

    private func file(_ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// Creates the directory (0700) when it is missing, and refuses one to which others can write.
    ///
    /// Only the last component of the path is created. Throws ``StorageError/permissions(path:problem:)`` or `io`.
    public func prepareDirectory() throws(StorageError) {
        if try FileStatus.stored(directory, followingLinks: true) == nil {
            do throws(FileError) {
                try Directory.make(directory, mode: 0o700)
            } catch .missing {
                throw .permissions(
                    path: directory, problem: "its parent directory is missing: create it, or correct state_directory")
            } catch {
                throw StorageError(error)
            }
        }
        try checkDirectory()
    }

    /// Refuses a path that is not a directory, or a directory that belongs to another user or to which others can
    /// write.
    public func checkDirectory() throws(StorageError) {
        guard let status = try FileStatus.stored(directory, followingLinks: true) else {
            throw .permissions(path: directory, problem: "there is no such directory: create it with mode 0700")
        }
        guard status.kind == .directory else {
            throw .permissions(path: directory, problem: "is not a directory: correct state_directory")
        }
        guard AllowedOwner.userOrAnyoneForRoot.permits(status.owner, path: directory) else {
            throw .permissions(
                path: directory,
                problem: "belongs to user id \(status.owner): run as that user, or make this user its owner"
            )
        }
        guard status.mode & 0o022 == 0 else {
            let isGroupAlone = status.mode & 0o002 == 0
            throw .permissions(
                path: directory,
                problem: isGroupAlone
                    ? "its group can write to this directory: chmod 0700 it; where fsGroup of Kubernetes sets that mode, it "
                        + "must be a folder inside the volume, and fsGroupChangePolicy OnRootMismatch: docs/scale.md"
                    : "others can write to this directory: chmod 0700 it")
        }
    }

    /// Creates the database file (empty, 0600) when it is missing, and sets existing files to 0600.
    ///
    /// SQLite gives `-wal` and `-shm` the mode of the database. No descriptor may be opened on an existing database:
    /// closing it would release SQLite's own locks in this process.
    func prepareDatabaseFile() throws(StorageError) {
        if try FileStatus.stored(database) == nil {
            try StorageError.files { () throws(FileError) in try AtomicFile.makeEmpty(database, .ownerOnly, .directory)
            }
        }
        for (path, status) in try checkDatabaseFiles() where status.mode & 0o777 != 0o600 {
            try StorageError.files { () throws(FileError) in try Directory.setMode(0o600, of: path) }
        }
    }

    /// Refuses database files that are not regular files, or that belong to another user.
    ///
    /// - Returns: the files that exist.
    @discardableResult
    func checkDatabaseFiles() throws(StorageError) -> [(path: String, status: FileStatus)] {
        var found: [(String, FileStatus)] = []
        for path in databaseFiles {
            guard let status = try FileStatus.stored(path) else { continue }
            guard status.kind == .regular else { throw StorageError(.notRegular(path: path, status.kind)) }
            guard geteuid() == 0 || status.owner == geteuid() else {
                throw StorageError(.foreignOwner(path: path, owner: status.owner))
            }
            found.append((path, status))
        }
        return found
    }
}
