import GRDB

extension StorageError {
    /// The error that an operation on the database at `path` ended with, in the store's terms.
    ///
    /// Only SQLite's own message is taken over: it names tables and columns, never values.
    init(_ error: any Error, at path: String) {
        if let error = error as? StorageError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self = .io(path: path, operation: "work on", problem: "\(error)")
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
