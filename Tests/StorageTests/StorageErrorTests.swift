import GRDB
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
