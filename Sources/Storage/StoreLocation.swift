import Files
import Glibc

/// Where one store and what belongs to it live: the state directory.
public struct StoreLocation: Hashable, Sendable {
    /// The state directory, without a trailing slash.
    public let directory: String

    /// The location in `directory`, an absolute or relative path.
    public init(directory: String) {
        var trimmed = Substring(directory)
        while trimmed.utf8.count > 1, trimmed.hasSuffix("/") { trimmed = trimmed.dropLast() }
        self.directory = String(trimmed)
    }

    /// The database.
    public var database: String { file("twostepd.sqlite") }
    /// The lock file of the one process that may write.
    public var lock: String { file("twostepd.lock") }
    /// The sealing key that is made when none is configured.
    public var key: String { file("twostepd.key") }
    /// The file that tells a restored store from a current one.
    public var fence: String { file("twostepd.fence") }
    /// Whether a key file was made beside the store.
    public var hasKeyFile: Bool { access(key, F_OK) == 0 }
    /// Whether there is a store.
    public var hasStore: Bool { access(database, F_OK) == 0 }

    /// Warning while there is no store: the fleet is new, or the folder is the wrong one.
    public var absence: String {
        "there is no store in \(directory): if there was one before, it is not here (is its volume mounted, and "
            + "state_directory right?)"
    }

    /// The database and the two files that SQLite keeps beside it.
    var databaseFiles: [String] { [database, database + "-wal", database + "-shm"] }

    private func file(_ name: String) -> String {
        directory.hasSuffix("/") ? directory + name : directory + "/" + name
    }

    /// Makes the directory (0700) when it is missing, and refuses one that others can write to.
    ///
    /// Only the last part of the path is made. Throws ``StorageError/permissions(path:problem:)`` or `io`.
    public func prepareDirectory() throws(StorageError) {
        if try FileStatus.stored(directory, followingLinks: true) == nil {
            do throws(FileError) {
                try Directory.make(directory, mode: 0o700)
            } catch .missing {
                throw .permissions(
                    path: directory, problem: "its parent is not a directory: make that, or correct state_directory")
            } catch {
                throw StorageError(error)
            }
        }
        try checkDirectory()
    }

    /// Refuses a directory that is none, belongs to somebody else, or that others can write to.
    public func checkDirectory() throws(StorageError) {
        guard let status = try FileStatus.stored(directory, followingLinks: true) else {
            throw .permissions(path: directory, problem: "there is no such directory: make it, mode 0700")
        }
        guard status.kind == .directory else {
            throw .permissions(path: directory, problem: "is not a directory: correct state_directory")
        }
        guard AllowedOwner.userOrAnyoneForRoot.permits(status.owner, path: directory) else {
            throw .permissions(
                path: directory,
                problem: "belongs to user id \(status.owner): run as that user, or give the directory to this one"
            )
        }
        guard status.mode & 0o022 == 0 else {
            let isGroupAlone = status.mode & 0o002 == 0
            throw .permissions(
                path: directory,
                problem: isGroupAlone
                    ? "its group can write to this directory: chmod 0700 it; where fsGroup of Kubernetes sets that mode, it "
                        + "must be a folder inside of the volume, and fsGroupChangePolicy OnRootMismatch: docs/scale.md"
                    : "others can write to this directory: chmod 0700 it")
        }
    }

    /// Creates the database file (empty, 0600) when it is missing, and takes others' rights from files that exist.
    ///
    /// SQLite gives `-wal` and `-shm` the mode of the database. No descriptor may be opened on an existing database:
    /// closing it would drop SQLite's own locks in this process.
    func prepareDatabaseFile() throws(StorageError) {
        if try FileStatus.stored(database) == nil {
            try StorageError.files { () throws(FileError) in try Draft.makeEmpty(database, .ownerOnly, .directory) }
        }
        for (path, status) in try checkDatabaseFiles() where status.mode & 0o777 != 0o600 {
            try StorageError.files { () throws(FileError) in try Directory.setMode(0o600, of: path) }
        }
    }

    /// Refuses files of the database that are none, or another user's.
    ///
    /// - Returns: those that are there.
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
