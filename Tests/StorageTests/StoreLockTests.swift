import Foundation
import Glibc
import Planning
import Testing

@testable import Storage

struct StoreLockTests {
    private func acquire(_ directory: StateDirectory, _ command: String = "run") throws -> StoreLock {
        try StoreLock.acquire(at: directory.location, command: command, pid: 123, now: Sample.now)
    }

    @Test func `a second one is refused and told who holds the lock`() throws {
        let directory = try StateDirectory()
        let lock = try acquire(directory)
        let error = #expect(throws: StorageError.self) { try acquire(directory, "apply") }
        #expect(
            "\(try #require(error))" == "another twostepd (run, pid 123, since \(Sample.now)) works on "
                + "\(directory.path): stop it, or use its control socket")
        #expect(
            try StoreLock.holder(at: directory.location)
                == LockHolder(pid: 123, since: Sample.now, command: "run"))
        #expect(try directory.mode("twostepd.lock") == 0o600)
        try lock.release()
    }

    @Test func `nobody holds a lock that was released, dropped, or never taken`() throws {
        let directory = try StateDirectory()
        #expect(try StoreLock.holder(at: directory.location) == nil)
        try acquire(directory).release()
        #expect(try StoreLock.holder(at: directory.location) == nil)
        _ = try acquire(directory)
        #expect(try StoreLock.holder(at: directory.location) == nil)
        try acquire(directory).release()
    }

    @Test func `what a dead process left in the file is not believed`() throws {
        let directory = try StateDirectory()
        try directory.location.prepareDirectory()
        try directory.write(Data("command run\npid 4711\nsince \(Sample.now)\n".utf8), "twostepd.lock")
        #expect(try StoreLock.holder(at: directory.location) == nil)
        let lock = try acquire(directory)
        #expect(try StoreLock.holder(at: directory.location)?.pid == 123)
        try lock.release()
    }

    @Test func `reading the lock file does not free it`() throws {
        let directory = try StateDirectory()
        let lock = try acquire(directory)
        _ = try directory.bytes("twostepd.lock")
        _ = try StoreLock.holder(at: directory.location)
        #expect(throws: StorageError.self) { try acquire(directory) }
        try lock.release()
    }

    @Test func `a holder that did not say who it is still holds`() throws {
        let directory = try StateDirectory()
        let lock = try acquire(directory)
        try #require(truncate(directory.location.lock, 0) == 0)
        let error = #expect(throws: StorageError.self) { try acquire(directory) }
        #expect(error == .lockHeld(directory: directory.path, holder: LockHolder(pid: nil, since: nil, command: nil)))
        #expect("\(try #require(error))".hasPrefix("another twostepd (which has not identified itself) works on"))
        try lock.release()
    }
}
