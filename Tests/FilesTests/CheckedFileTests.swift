import Foundation
import Synchronization
import Testing

@testable import Files

@Suite("Reading whole files")
struct CheckedFileTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func read(_ path: String, limit: Int = 4096) throws -> String {
        String(decoding: try CheckedFile.read(path, ReadPolicy(limit: limit)), as: UTF8.self)
    }

    @Test func `a file is read up to exactly the limit`() throws {
        #expect(try read(folder.write("four", "abcd"), limit: 4) == "abcd")
        #expect(try read(folder.write("empty", ""), limit: 0) == "")
        let five = try folder.write("five", "abcde")
        #expect(throws: FileError.tooLarge(path: five, limit: 4)) { try read(five, limit: 4) }
    }

    @Test func `a file beyond the limit is refused before it is read`() throws {
        let path = try folder.write("big", "")
        // A sparse file: only its size is checked.
        try #require(truncate(path, 1 << 40) == 0)
        let calls = SystemCalls(read: { _, _ in Int(refusing(EIO)) })
        SystemCalls.$current.withValue(calls) {
            #expect(throws: FileError.tooLarge(path: path, limit: 4096)) { try read(path) }
        }
    }

    @Test func `nothing at the path, or below a file, is missing`() throws {
        #expect(throws: FileError.missing(path: folder("none"))) { try read(folder("none")) }
        try folder.write("file", "x")
        #expect(throws: FileError.missing(path: folder("file/none"))) { try read(folder("file/none")) }
        #expect(throws: FileError.invalidPath(path: "a\0b")) { try read("a\0b") }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a folder, a pipe, a socket and a device are refused without blocking`() throws {
        #expect(throws: FileError.notRegular(path: folder.path, .directory)) { try read(folder.path) }
        try #require(mkfifo(folder("pipe"), 0o600) == 0)
        #expect(throws: FileError.notRegular(path: folder("pipe"), .pipe)) { try read(folder("pipe")) }
        #expect(throws: FileError.notRegular(path: "/dev/zero", .device)) { try read("/dev/zero") }
        let path = "/tmp/twostepd-\(UUID().uuidString.prefix(8)).sock"
        let descriptor = try listen(at: path)
        defer {
            close(descriptor)
            unlink(path)
        }
        #expect(throws: FileError.notRegular(path: path, .socketOrDevice)) { try read(path) }
    }

    private func listen(at path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        return descriptor
    }

    @Test func `a link is followed where the policy says so, and a loop of links is refused`() throws {
        try folder.write("file", "x")
        try #require(symlink("file", folder("link")) == 0)
        #expect(try read(folder("link")) == "x")
        #expect(throws: FileError.refused(.open, path: folder("link"), code: ELOOP)) {
            try CheckedFile.read(folder("link"), ReadPolicy(limit: 9, followsLinks: false))
        }
        try #require(symlink("loop", folder("loop")) == 0)
        #expect(throws: FileError.refused(.open, path: folder("loop"), code: ELOOP)) { try read(folder("loop")) }
    }

    @Test func `a file that grows, shrinks or changes while it is read is refused`() throws {
        // The kernel reports size 0 for this file, and returns bytes all the same.
        #expect(throws: FileError.changedWhileRead(path: "/proc/self/status")) { try read("/proc/self/status") }
        let path = folder("file")
        for (now, later) in [("four", "four+"), ("four", "fou"), ("four", "4444")] {
            try folder.write("file", now)
            // Well in the past: the clock of the file system advances in steps.
            try #require(
                utimes(path, [timeval(tv_sec: 1_000_000, tv_usec: 0), timeval(tv_sec: 1_000_000, tv_usec: 0)]) == 0)
            let isFirst = Mutex(true)
            let calls = SystemCalls(read: { descriptor, buffer in
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if isFirst.withLock({ first in
                    defer { first = false }; return first
                }) {
                    let other = open(path, O_WRONLY | O_TRUNC)
                    _ = later.withCString { write(other, $0, strlen($0)) }
                    close(other)
                }
                return count
            })
            SystemCalls.$current.withValue(calls) {
                #expect(throws: FileError.changedWhileRead(path: path), "\(later)") { try read(path) }
            }
        }
    }

    @Test func `reads that are cut short or interrupted go on, and one that fails is reported`() throws {
        let path = try folder.write("file", "abcdef")
        let turn = Mutex(0)
        var calls = SystemCalls(read: { descriptor, buffer in
            let now = turn.withLock { turn in
                defer { turn += 1 }
                return turn
            }
            if now % 2 == 0 { return Int(refusing(EINTR)) }
            return Glibc.read(descriptor, buffer.baseAddress, min(buffer.count, 4))
        })
        let text = try SystemCalls.$current.withValue(calls) { try read(path) }
        #expect(text == "abcdef")
        calls.read = { _, _ in Int(refusing(EIO)) }
        SystemCalls.$current.withValue(calls) {
            #expect(throws: FileError.refused(.read, path: path, code: EIO)) { try read(path) }
        }
    }

    @Test func `a file that may not be read says why`() throws {
        let path = try folder.write("file", "x", mode: 0)
        // Root may read anything, so only another user sees the refusal.
        guard geteuid() != 0 else { return #expect(try read(path) == "x") }
        #expect(throws: FileError.refused(.open, path: path, code: EACCES)) { try read(path) }
    }

    @Test(arguments: [(0o600, true), (0o400, true), (0o640, false), (0o604, false), (0o620, false), (0o777, false)])
    func `others have no rights to a private file`(_ mode: Int, _ isAccepted: Bool) throws {
        let path = try folder.write("file", "x", mode: mode)
        let policy = ReadPolicy(limit: 9, owner: .user, forbidden: 0o077)
        guard !isAccepted else { return #expect(try CheckedFile.read(path, policy) == [120]) }
        #expect(throws: FileError.openToOthers(path: path, mode: UInt32(mode))) { try CheckedFile.read(path, policy) }
    }

    @Test func `a file of root may have other rights than another's`() throws {
        let path = try folder.write("file", "x", mode: 0o440)
        let policy = ReadPolicy(limit: 9, owner: .user, forbidden: 0o077, forbiddenOfRoot: 0o027)
        guard geteuid() != 0 else { return #expect(try CheckedFile.read(path, policy) == [120]) }
        #expect(throws: FileError.openToOthers(path: path, mode: 0o440)) { try CheckedFile.read(path, policy) }
    }

    @Test func `whose file it may be is the policy's`() throws {
        let path = try folder.write("file", "x")
        let everyone: [AllowedOwner] = [.anyone, .user, .userOrAnyoneForRoot, .userOrDirectoryOwnerForRoot]
        for owner in everyone { #expect(try CheckedFile.read(path, ReadPolicy(limit: 9, owner: owner)) == [120]) }
        // Only root can change a file's owner; otherwise the rule is tested with a user id.
        guard geteuid() == 0 else {
            return #expect(everyone.map { $0.permits(12_345, path: path) } == [true, false, false, false])
        }
        try #require(chown(path, 12_345, 12_345) == 0)
        #expect(everyone.map { $0.permits(12_345, path: path) } == [true, false, true, false])
        #expect(throws: FileError.foreignOwner(path: path, owner: 12_345)) {
            try CheckedFile.read(path, ReadPolicy(limit: 9, owner: .user))
        }
        try #require(chown(folder.path, 12_345, 12_345) == 0)
        #expect(everyone.map { $0.permits(12_345, path: path) } == [true, false, true, true])
    }

    @Test func `what was wiped is gone`() {
        var bytes = Array("secret".utf8)
        bytes.wipe()
        #expect(bytes == [0, 0, 0, 0, 0, 0])
        var none: [UInt8] = []
        none.wipe()
        #expect(none == [])
    }
}

@Suite("Errors of files")
struct FileErrorTests {
    private let all: [FileError] = [
        .missing(path: "/p"), .exists(path: "/p"), .notRegular(path: "/p", .pipe), .tooLarge(path: "/p", limit: 4096),
        .changedWhileRead(path: "/p"), .foreignOwner(path: "/p", owner: 7), .openToOthers(path: "/p", mode: 0o644),
        .invalidPath(path: "/p"), .refused(.sync, path: "/p", code: EIO),
    ]

    @Test func `each names the path and says what happened`() {
        #expect(Set(all.map(\.description)).count == all.count && Set(all.map(\.reason)).count == all.count)
        #expect(all.allSatisfy { $0.description.contains("/p") && !$0.reason.contains("/p") })
        #expect(all.last?.description == "cannot sync /p: Input/output error")
    }

    @Test func `a full file system and a full quota are full, and nothing else is`() {
        let full: [FileError] = [ENOSPC, EDQUOT].map { .refused(.write, path: "/p", code: $0) }
        #expect(full.allSatisfy(\.isFull) && !all.contains(where: \.isFull))
    }

    @Test func `a limit is said in the unit that fits it`() {
        #expect([9, 4096, 256 << 20].map { FileError.size($0) } == ["9 bytes", "4 KiB", "256 MiB"])
    }
}
