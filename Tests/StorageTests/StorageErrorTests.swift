import Files
import GRDB
import Glibc
import Planning
import Testing

@testable import Storage

struct StorageErrorTests {
    @Test(arguments: [
        (ResultCode.SQLITE_FULL, StorageError.diskFull(path: "/p")), (.SQLITE_READONLY, .readOnly(path: "/p")),
        (.SQLITE_BUSY, .busy(path: "/p")), (.SQLITE_LOCKED, .busy(path: "/p")),
        (.SQLITE_CORRUPT, .corrupted(path: "/p", problem: "m")), (.SQLITE_NOTADB, .corrupted(path: "/p", problem: "m")),
        (.SQLITE_IOERR_FSYNC, .io(path: "/p", operation: "read or write", problem: "m")),
        (.SQLITE_CANTOPEN, .io(path: "/p", operation: "open", problem: "m")),
        (.SQLITE_CONSTRAINT_TRIGGER, .conflict(problem: "m")),
        (.SQLITE_TOOBIG, .database(path: "/p", code: 18, problem: "m")),
    ])
    func `every result of SQLite has its error`(code: ResultCode, expected: StorageError) {
        #expect(StorageError(DatabaseError(resultCode: code, message: "m"), at: "/p") == expected)
    }

    @Test(arguments: [
        (
            FileError.missing(path: "/p"),
            StorageError.io(path: "/p", operation: "open", problem: "No such file or directory")
        ),
        (.exists(path: "/p"), .keyExists(path: "/p")),
        (.notRegular(path: "/p", .pipe), .permissions(path: "/p", problem: "is not a regular file: move it away")),
        (
            .foreignOwner(path: "/p", owner: 7),
            .permissions(path: "/p", problem: "belongs to user id 7: chown it to this user")
        ),
        (
            .openToOthers(path: "/p", mode: 0o644),
            .permissions(path: "/p", problem: "others can read or change this key: chmod 0600 it")
        ),
        (.invalidPath(path: "/p"), .permissions(path: "/p", problem: "the path contains a NUL byte")),
        (
            .tooLarge(path: "/p", limit: 4096),
            .io(path: "/p", operation: "read", problem: "it is larger than 4 KiB")
        ),
        (
            .changedWhileRead(path: "/p"),
            .io(path: "/p", operation: "read", problem: "it was changed while it was read")
        ),
        (
            .refused(.inspect, path: "/p", code: EACCES),
            .permissions(path: "/p", problem: "this user has no access to it: run as the daemon's user")
        ),
        (
            .refused(.open, path: "/p", code: EACCES),
            .permissions(path: "/p", problem: "this user has no permission to open it: run as the daemon's user")
        ),
        (.refused(.write, path: "/p", code: ENOSPC), .diskFull(path: "/p")),
        (.refused(.sync, path: "/p", code: EDQUOT), .diskFull(path: "/p")),
        (
            .refused(.sync, path: "/p", code: EIO),
            .io(path: "/p", operation: "sync", problem: "Input/output error")
        ),
    ])
    func `what the file system refuses has its error`(error: FileError, expected: StorageError) {
        #expect(StorageError(error) == expected)
    }

    @Test func `a key that is too large is none, and one that is no file is named as the key's`() {
        #expect(StorageError(key: .tooLarge(path: "/p", limit: 128)) == .keyMalformed(source: "/p"))
        #expect(
            StorageError(key: .notRegular(path: "/p", .directory))
                == .permissions(path: "/p", problem: "is not a regular file: name the key's file itself"))
        #expect(StorageError(key: .exists(path: "/p")) == .keyExists(path: "/p"))
    }

    @Test func `every description says what to do or what was kept`() throws {
        let number = try Sample.number(1)
        let errors: [StorageError] = [
            .noStore(path: "/p"), .permissions(path: "/p", problem: "chmod it"),
            .lockHeld(directory: "/p", holder: LockHolder(pid: 1, since: nil, command: nil)),
            .diskFull(path: "/p"), .readOnly(path: "/p"), .corrupted(path: "/p", problem: "x"), .busy(path: "/p"),
            .io(path: "/p", operation: "open", problem: "x"), .database(path: "/p", code: 1, problem: "x"),
            .newerSchema(path: "/p", migrations: ["m"]), .developmentSchema(path: "/p"), .olderSchema(path: "/p"),
            .wrongKey(needed: "a", have: "b"), .keyNeeded(path: "/p", id: nil), .keyMalformed(source: "/p"),
            .keyExists(path: "/p"),
            .sealedPINUnreadable(number: number, generation: 1, keyID: "a", problem: "restore a backup"),
            .pruneRefused(problem: "x"), .unreadableRow(table: "t", key: "k", column: "c"), .conflict(problem: "x"),
            .outdated(number: number),
            .mismatch(number: number, problem: "x"), .queueFull(waiting: 2),
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        for error in errors {
            #expect(!error.description.contains("StorageError") && error.description.count > 10)
        }
    }
}
