import Files
import GRDB
import Glibc
public import Planning

/// The failures of the store, its lock and its key. Every description states what happened, where, and what to do.
public enum StorageError: Error, Hashable, Sendable {
    /// There is no store at this path.
    case noStore(path: String)
    /// A file or directory has an owner, mode or type that is not safe or not usable.
    case permissions(path: String, problem: String)
    /// Another process works on the store.
    case lockHeld(directory: String, holder: LockHolder)
    /// The file system that holds the store is full.
    case diskFull(path: String)
    /// The store cannot be written.
    case readOnly(path: String)
    /// The file is damaged, or not a store at all.
    case corrupted(path: String, problem: String)
    /// The opened file is no longer at its path.
    case replaced(path: String)
    /// Another process kept the database locked for longer than the wait.
    case busy(path: String)
    /// The operating system refused an operation on a file.
    case io(path: String, operation: String, problem: String)
    /// Any other failure that SQLite reports, with its extended result code.
    case database(path: String, code: Int32, problem: String)
    /// The store was written by a later version, with these migrations unknown to this one.
    case newerSchema(path: String, migrations: [String])
    /// The store was written by a development version before 0.1.0, with other tables.
    case developmentSchema(path: String)
    /// The store was not set up yet, or comes from an earlier version; a read-only command cannot migrate it.
    case olderSchema(path: String)

    /// PINs in the store are sealed under another key than the one given.
    case wrongKey(needed: String, have: String)
    /// PINs were requested without a key; `id` is the id of the needed key, when it is known.
    case keyNeeded(path: String, id: String?)
    /// The content is not a sealing key.
    case keyMalformed(source: String)
    /// A key was to be created in a file that already exists.
    case keyExists(path: String)
    /// One sealed PIN cannot be opened: moved, altered, or sealed under another key.
    case sealedPINUnreadable(number: PhoneNumber, generation: Int, keyID: String, problem: String)

    /// History was not pruned, because it is needed or not intact.
    case pruneRefused(problem: String)
    /// A row holds a value that this program never writes.
    case unreadableRow(table: String, key: String, column: String)
    /// A constraint or an append-only rule of the schema forbids the write.
    case conflict(problem: String)
    /// A number's row was written after the record to be saved had been read.
    case outdated(number: PhoneNumber)
    /// A mutation does not match the stored rows.
    case mismatch(number: PhoneNumber?, problem: String)
    /// The queue holds its maximum of waiting commits.
    case queueFull(waiting: Int)

    /// The failure of a commit in the engine's terms: a failure of one number, or an outage.
    public var commitFailure: CommitFailure {
        switch self {
        case .outdated: .outdated
        case .sealedPINUnreadable, .unreadableRow, .conflict, .mismatch: .refused(description)
        case .noStore, .permissions, .lockHeld, .diskFull, .readOnly, .corrupted, .replaced, .busy, .io, .database,
            .newerSchema, .developmentSchema, .olderSchema, .wrongKey, .keyNeeded, .keyMalformed, .keyExists,
            .pruneRefused, .queueFull:
            .outage(description)
        }
    }

    /// True when the cause is the content of one submission or one number's row: others succeed without it.
    var concernsOneSubmission: Bool {
        if case .outage = commitFailure { false } else { true }
    }
}

extension StorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noStore(let path):
            "there is no store at \(path): start the daemon once (or run apply), or correct state_directory"
        case .permissions(let path, let problem):
            "\(path): \(problem)"
        case .lockHeld(let directory, let holder):
            "another twostepd (\(holder)) works on \(directory): stop it, or use its control socket"
        case .diskFull(let path):
            "the disk that holds \(path) is full: nothing was written; free some space, and the work continues"
        case .readOnly(let path):
            "\(path) cannot be written: check the mount, the owner and the mode of the file and its directory"
        case .corrupted(let path, let problem):
            "\(path) is damaged or is not a store of twostepd (\(problem)): stop the daemon, keep the file, "
                + "and restore a backup; without one, move the file away and every number gets a new PIN"
        case .replaced(let path):
            "\(path) was removed or replaced while it was open: nothing is written to it; put the file back in its "
                + "place, or restart the daemon, which then uses the file that it finds"
        case .busy(let path):
            "\(path) stayed locked by another process: find it (lsof \(path)) and end it, then try again"
        case .io(let path, let operation, let problem):
            "cannot \(operation) \(path): \(problem); check the disk and the permissions"
        case .database(let path, let code, let problem):
            "\(path): SQLite reports \(problem) (code \(code))"
        case .newerSchema(let path, let migrations):
            "\(path) was written by a newer twostepd (unknown: \(migrations.joined(separator: ", "))): "
                + "install that version, or restore the backup made before the upgrade"
        case .developmentSchema(let path):
            "\(path) is the store of a development version before 0.1.0, which this version cannot read; nothing was "
                + "changed: keep using the program that wrote it, or move the state directory aside, keep it for its "
                + "PINs, and start with an empty one: then every number is taken over again, disabled for a moment and "
                + "enabled with a new PIN"
        case .olderSchema(let path):
            "\(path) is not set up yet, or comes from an older twostepd: start the daemon once to bring it up to date"
        case .wrongKey, .keyNeeded, .keyMalformed, .keyExists, .sealedPINUnreadable:
            keyDescription
        case .pruneRefused(let problem):
            "nothing was pruned: \(problem)"
        case .unreadableRow(let table, let key, let column):
            "row \(key) of table \(table) holds no valid \(column): the store was edited or damaged; restore a backup"
        case .conflict(let problem):
            "the store refuses a write: \(problem); nothing was written"
        case .outdated(let number):
            "\(number) was changed after the record to be saved was read: it is read again"
        case .mismatch(let number, let problem):
            "a write\(number.map { " for \($0)" } ?? "") does not fit the store: \(problem); nothing was written"
        case .queueFull(let waiting):
            "\(waiting) commits are already waiting: the disk is too slow for the work, or stuck"
        }
    }

    private var keyDescription: String {
        switch self {
        case .wrongKey(let needed, let have):
            "the PINs in the store are sealed under key \(needed), and the key given is \(have): "
                + "give the key that sealed them (sealing_key); `twostepd key id FILE` prints the id of a key"
        case .keyNeeded(let path, let id):
            "\(path) is sealed\(id.map { " under key \($0)" } ?? ""): give that key (sealing_key)"
        case .keyMalformed(let source):
            "\(source) is not a sealing key: it must hold 32 bytes, raw, as 64 hexadecimal digits or as base64"
        case .keyExists(let path):
            "\(path) already exists: a key is never overwritten; move it away if it is no longer needed"
        case .sealedPINUnreadable(let number, let generation, let keyID, let problem):
            "the PIN of \(number), generation \(generation), sealed under key \(keyID), cannot be opened: \(problem)"
        case .noStore, .permissions, .lockHeld, .diskFull, .readOnly, .corrupted, .replaced, .busy, .io, .database,
            .newerSchema, .developmentSchema, .olderSchema, .unreadableRow, .conflict, .outdated, .mismatch,
            .pruneRefused, .queueFull:
            preconditionFailure("not an error about keys")
        }
    }
}

extension StorageError {
    /// Converts the error of an operation on the database at `path`.
    ///
    /// Only SQLite's own message is kept: it names tables and columns, never values.
    init(_ error: any Error, at path: String) {
        if let error = error as? StorageError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .io(path: path, operation: "use", problem: "\(error)")
            return
        }
        let problem = error.message ?? "no message"
        switch error.resultCode {
        case .SQLITE_FULL: self = .diskFull(path: path)
        case .SQLITE_READONLY: self = .readOnly(path: path)
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .corrupted(path: path, problem: problem)
        case .SQLITE_BUSY, .SQLITE_LOCKED: self = .busy(path: path)
        case .SQLITE_IOERR: self = .io(path: path, operation: "read or write", problem: problem)
        case .SQLITE_CANTOPEN, .SQLITE_PERM: self = .io(path: path, operation: "open", problem: problem)
        case .SQLITE_CONSTRAINT: self = .conflict(problem: problem)
        default: self = .database(path: path, code: error.extendedResultCode.rawValue, problem: problem)
        }
    }
}

extension StorageError {
    /// Converts an error of the file system.
    init(_ error: FileError) {
        switch error {
        case .missing(let path): self = .io(path: path, operation: "open", problem: error.reason)
        case .exists(let path): self = .keyExists(path: path)
        case .notRegular(let path, _):
            self = .permissions(path: path, problem: "is not a regular file: move it away")
        case .foreignOwner(let path, let owner):
            self = .permissions(path: path, problem: "belongs to user id \(owner): chown it to this user")
        case .openToOthers(let path, let mode):
            let isGroupAlone = mode & 0o007 == 0
            self = .permissions(
                path: path,
                problem: isGroupAlone
                    ? "its group can read or change this key (mode \(String(mode, radix: 8))): chmod 0600 it, or where fsGroup "
                        + "of Kubernetes sets that mode, hand the key over as the credential twostepd-key: docs/scale.md"
                    : "others can read or change this key: chmod 0600 it")
        case .invalidPath(let path): self = .permissions(path: path, problem: error.reason)
        case .tooLarge(let path, _), .changedWhileRead(let path):
            self = .io(path: path, operation: "read", problem: error.reason)
        case .refused(.inspect, let path, EACCES):
            self = .permissions(path: path, problem: "this user has no access to it: run as the daemon's user")
        case .refused(.open, let path, EACCES), .refused(.create, let path, EACCES):
            self = .permissions(path: path, problem: "this user has no permission to open it: run as the daemon's user")
        case .refused(let act, let path, _):
            self =
                error.isFull ? .diskFull(path: path) : .io(path: path, operation: act.rawValue, problem: error.reason)
        }
    }

    /// Converts an error in reading a key file.
    init(key error: FileError) {
        switch error {
        case .notRegular(let path, _):
            self = .permissions(path: path, problem: "is not a regular file: name the key's file itself")
        case .tooLarge(let path, _): self = .keyMalformed(source: path)
        case .missing, .exists, .foreignOwner, .openToOthers, .changedWhileRead, .invalidPath, .refused:
            self.init(error)
        }
    }

    /// Runs `work`, and converts its errors.
    static func files<Value>(_ work: () throws(FileError) -> Value) throws(StorageError) -> Value {
        do { return try work() } catch { throw StorageError(error) }
    }
}

extension FileStatus {
    /// Returns the status of a file in or beside the store; nil when none exists.
    static func stored(_ path: String, followingLinks: Bool = false) throws(StorageError) -> FileStatus? {
        try StorageError.files { () throws(FileError) in try FileStatus.of(path, followingLinks: followingLinks) }
    }
}

extension FileIdentity {
    /// The identity of the file that is at `path` now; nil when none exists.
    init?(of path: String) throws(StorageError) {
        guard let status = try FileStatus.stored(path, followingLinks: true) else { return nil }
        self = status.identity
    }
}
