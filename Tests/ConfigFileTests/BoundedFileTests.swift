import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct BoundedFileTests {
    private func messages(_ path: String) -> [String] {
        let reading = DesiredStateReader.read(path: path)
        #expect(reading.value == nil && reading.sha256 == nil)
        #expect(reading.problems.allSatisfy { $0.line == 0 && $0.sourceLine == nil && $0.file == path })
        return reading.problems.map(\.message)
    }

    @Test func `a missing file is said to be missing`() throws {
        let folder = try TemporaryFolder()
        #expect(messages(folder.path(of: "none.yaml")) == ["there is no such file"])
        try folder.write("file", "x")
        #expect(messages(folder.path(of: "file/none.yaml")) == ["there is no such file"])
        #expect(SettingsReader.read(path: folder.path(of: "none")).problems.count == 1)
    }

    @Test func `a folder, a pipe, a socket and a device are refused without blocking`() throws {
        let folder = try TemporaryFolder()
        #expect(messages(folder.path) == ["this is a directory, not a file"])
        try #require(mkfifo(folder.path(of: "pipe"), 0o600) == 0)
        #expect(messages(folder.path(of: "pipe")) == ["this is a named pipe, not a file"])
        #expect(messages("/dev/zero") == ["this is a device, not a file"])
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = "/tmp/twostepd-\(UUID().uuidString.prefix(8)).sock"
        defer { unlink(path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
        #expect(messages(path) == ["this is a socket or a device, not a file"])
    }

    @Test func `a path with a NUL is refused`() {
        let reading = DesiredStateReader.read(path: "a\0b")
        #expect(reading.problems.map(\.message) == ["the file cannot be read: the path contains a NUL"])
        #expect(reading.problems.map(\.file) == ["a\u{FFFD}b"])
    }

    @Test func `a file beyond the limit is refused before it is read`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("big.yaml", "")
        // A sparse file: its size is all that is looked at.
        try #require(truncate(path, 256 << 20 | 1) == 0)
        #expect(messages(path) == ["the file is larger than 256 MiB"])
        #expect(throws: FileProblem.tooLarge(4096)) { try BoundedFile(path: path, limit: 4096) }
        #expect(FileProblem.tooLarge(4096).description == "the file is larger than 4 KiB")
    }

    @Test func `a file of exactly the limit is read`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("four", "abcd")
        #expect(try BoundedFile(path: path, limit: 4).bytes == Array("abcd".utf8))
        #expect(try BoundedFile(path: folder.write("empty", ""), limit: 0).bytes == [])
    }

    @Test func `a file whose length is not what it said is taken as being written`() {
        // The kernel says 0 for this one, and gives bytes all the same.
        #expect(throws: FileProblem.changedWhileRead) { try BoundedFile(path: "/proc/self/status", limit: 4096) }
    }

    @Test func `a file that may not be read says why`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("secret", "x", mode: 0)
        // Root may read anything, so only another user sees the refusal.
        guard geteuid() != 0 else {
            #expect(try BoundedFile(path: path).bytes == [120])
            return
        }
        #expect(messages(path) == ["the file cannot be read: Permission denied"])
    }

    @Test func `a symbolic link is followed, and a loop of them is refused`() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "x")
        try #require(symlink("file", folder.path(of: "link")) == 0)
        #expect(try BoundedFile(path: folder.path(of: "link")).bytes == [120])
        try #require(symlink("loop", folder.path(of: "loop")) == 0)
        #expect(messages(folder.path(of: "loop")).first?.contains("symbolic links") == true)
    }

    @Test func `each reason has words`() {
        let all: [FileProblem] = [.notFound, .notRegular("x"), .tooLarge(1), .unreadable("x"), .changedWhileRead]
        #expect(Set(all.map(\.description)).count == all.count)
        #expect(all.compactMap(\.hint).count == 3)
    }
}
