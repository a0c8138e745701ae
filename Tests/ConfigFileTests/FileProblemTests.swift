import Files
import Foundation
import Planning
import Testing

@testable import ConfigFile

/// The reports about files that cannot be read. `CheckedFileTests` shows which files those are.
@Suite struct FileProblemTests {
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

    @Test func `what is no file is named`() throws {
        let folder = try TemporaryFolder()
        #expect(messages(folder.path) == ["this is a directory, not a file"])
        try #require(mkfifo(folder.path(of: "pipe"), 0o600) == 0)
        #expect(messages(folder.path(of: "pipe")) == ["this is a named pipe, not a file"])
        #expect(messages("/dev/zero") == ["this is a device, not a file"])
    }

    @Test func `a path with a NUL is refused`() {
        let reading = DesiredStateReader.read(path: "a\0b")
        #expect(reading.problems.map(\.message) == ["the file cannot be read: the path contains a NUL byte"])
        #expect(reading.problems.map(\.file) == ["a\u{FFFD}b"])
    }

    @Test func `a file beyond the limit is refused`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("big.yaml", "")
        // A sparse file: only its size is checked.
        try #require(truncate(path, 256 << 20 | 1) == 0)
        #expect(messages(path) == ["the file is larger than 256 MiB"])
    }

    @Test func `a file that may not be read says why`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("secret", "x", mode: 0)
        // Root may read anything, so only another user sees the refusal.
        guard geteuid() != 0 else { return #expect(DesiredStateReader.sha256(path: path) != nil) }
        #expect(messages(path) == ["the file cannot be read: Permission denied"])
    }

    @Test func `a loop of links is refused`() throws {
        let folder = try TemporaryFolder()
        try #require(symlink("loop", folder.path(of: "loop")) == 0)
        #expect(messages(folder.path(of: "loop")).first?.contains("symbolic links") == true)
    }

    @Test func `each problem has words, and a hint where there is something to do`() {
        let all: [FileError] = [
            .missing(path: "/p"), .notRegular(path: "/p", .pipe), .tooLarge(path: "/p", limit: 1),
            .changedWhileRead(path: "/p"), .foreignOwner(path: "/p", owner: 1), .openToOthers(path: "/p", mode: 0o644),
            .refused(.open, path: "/p", code: EACCES),
        ]
        #expect(Set(all.map(\.problem)).count == all.count)
        #expect(all.compactMap(\.hint).count == 5)
        #expect(all.filter { $0.report != $0.problem }.count == 2)
    }
}
