import Foundation
import Synchronization
import Testing

@testable import Files

@Suite("Writing whole files")
struct AtomicFileTests {
    private let folder: Folder
    private var path: String { folder("file") }
    private let old = "the old content\n"
    private let new = String(repeating: "the new content\n", count: 1000)

    init() throws { folder = try Folder() }

    private func write(_ text: String, _ existing: WritePolicy.Existing) throws(FileError) {
        try AtomicFile.write(Array(text.utf8), to: path, WritePolicy(existing: existing))
    }

    private static let all: [WritePolicy.Existing] = [.stays, .isReplaced, .lendsItsRights]

    @Test(arguments: all)
    func `a new file has all its content, belongs to its owner alone, and nothing is left beside it`(
        _ existing: WritePolicy.Existing
    ) throws {
        try write(new, existing)
        #expect(try folder.text("file") == new)
        #expect(try folder.mode("file") == 0o600)
        #expect(try folder.names == ["file"])
    }

    @Test func `a file for all has what the umask leaves`() throws {
        try AtomicFile.write([], to: path, WritePolicy(existing: .stays, rights: .usual))
        let mode = try folder.mode("file")
        #expect(mode & 0o600 == 0o600 && mode & ~0o644 == 0)
    }

    @Test func `a file that is to stay is never replaced, also not one that appears meanwhile`() throws {
        let draft = try AtomicFile(of: path, WritePolicy(existing: .stays))
        try folder.write("file", old)
        try draft.write(Array(new.utf8))
        #expect(throws: FileError.exists(path: path)) { try draft.finish() }
        #expect(throws: FileError.exists(path: path)) { try write(new, .stays) }
        #expect(try folder.text("file") == old)
        #expect(try folder.names == ["file"])
    }

    @Test func `a file is replaced whole, and a link to one as well`() throws {
        try folder.write("target", old, mode: 0o640)
        try #require(symlink("target", path) == 0)
        try write(new, .isReplaced)
        #expect(try folder.text("file") == new && folder.text("target") == old)
        #expect(try FileStatus.of(path, followingLinks: false)?.kind == .regular)
        #expect(try folder.mode("file") == 0o600)
    }

    @Test func `a file that lends its rights lends mode and owner, and a link to it stays`() throws {
        try folder.write("target", old, mode: 0o640)
        if geteuid() == 0 { try #require(chown(folder("target"), 12_345, 12_346) == 0) }
        let before = try #require(try FileStatus.of(folder("target")))
        try #require(symlink("target", path) == 0)
        try write(new, .lendsItsRights)
        #expect(try folder.text("target") == new)
        #expect(try FileStatus.of(path, followingLinks: false)?.kind == .link)
        let after = try #require(try FileStatus.of(folder("target")))
        #expect(after.mode == 0o640 && after.owner == before.owner && after.group == before.group)
        #expect(after.identity != before.identity)
    }

    @Test(arguments: [WritePolicy.Existing.isReplaced, .lendsItsRights])
    func `what is no file is not replaced`(_ existing: WritePolicy.Existing) throws {
        try #require(mkdir(path, 0o700) == 0)
        #expect(throws: FileError.notRegular(path: path, .directory)) { try write(new, existing) }
        #expect(try folder.names == ["file"])
    }

    @Test func `a draft that is dropped or discarded leaves nothing behind`() throws {
        do {
            let draft = try AtomicFile(of: path, WritePolicy(existing: .isReplaced))
            try draft.write(Array(new.utf8))
            #expect(try folder.names == ["file.\(getpid()).part"])
        }
        #expect(try folder.names == [])
        let draft = try AtomicFile(of: path, WritePolicy(existing: .stays))
        draft.discard()
        #expect(try folder.names == [])
    }

    @Test func `a draft that an earlier process of the same id has left behind is in nobody's way`() throws {
        try folder.write("file.\(getpid()).part", "half")
        try write(new, .stays)
        #expect(try folder.text("file") == new)
        #expect(try folder.names == ["file"])
    }

    @Test func `a folder that is missing is named`() {
        let path = folder("none/file")
        let error = #expect(throws: FileError.self) {
            try AtomicFile.write([], to: path, WritePolicy(existing: .stays))
        }
        #expect(error?.description.contains(path) == true)
    }

    @Test func `a file that root makes is given to the owner of its folder, or to the one who is named`() throws {
        let directory = try #require(try FileStatus.of(folder.path))
        // Only root can change a file's owner; for other users the file is theirs, like the folder.
        if geteuid() == 0 { try #require(chown(folder.path, 12_345, 12_345) == 0) }
        try AtomicFile.write([], to: path, WritePolicy(existing: .stays, owner: .directory))
        let owner = geteuid() == 0 ? 12_345 : directory.owner
        #expect(try FileStatus.of(path)?.owner == owner)
        try AtomicFile.makeEmpty(folder("empty"), .ownerOnly, .directory)
        #expect(try FileStatus.of(folder("empty"))?.owner == owner)
        #expect(throws: FileError.exists(path: folder("empty"))) {
            try AtomicFile.makeEmpty(folder("empty"), .ownerOnly, .directory)
        }
        try AtomicFile.write([], to: path, WritePolicy(existing: .isReplaced, owner: .user(12_347)))
        #expect(try FileStatus.of(path)?.owner == (geteuid() == 0 ? 12_347 : directory.owner))
    }

    // MARK: - Durability

    @Test(arguments: [(WritePolicy.Existing.stays, "link"), (.isReplaced, "rename"), (.lendsItsRights, "rename")])
    func `the content is durable before the name, and then the name is`(
        _ existing: WritePolicy.Existing, _ naming: String
    ) throws {
        let log = CallLog()
        try SystemCalls.$current.withValue(log.watched()) { try write(new, existing) }
        #expect(log.calls == ["write a regular file", "sync a regular file", naming, "sync a directory"])
    }

    @Test func `whenever it is stopped before the new name, the old file is there, and the new one whole beside it`()
        throws
    {
        try folder.write("file", old)
        let folder = folder
        let draft = "file.\(getpid()).part"
        let seen = Mutex<[String]>([])
        var calls = SystemCalls()
        // A process that is stopped at this point leaves both files.
        calls.rename = { _, _ in
            let texts = [try? folder.text("file"), try? folder.text(draft)].map { $0 ?? "none" }
            seen.withLock { $0 = texts }
            return refusing(EIO)
        }
        SystemCalls.$current.withValue(calls) {
            #expect(throws: FileError.refused(.replace, path: path, code: EIO)) { try write(new, .isReplaced) }
        }
        #expect(seen.withLock { $0 } == [old, new])
        #expect(try folder.text("file") == old)
        #expect(try folder.names == ["file"])
    }

    @Test func `a disk that is full, or does not take the content, leaves the old file and nothing beside it`() throws {
        try folder.write("file", old)
        var calls = SystemCalls()
        calls.write = { _, bytes in
            let full = open("/dev/full", O_WRONLY)
            defer { close(full) }
            return Glibc.write(full, bytes.baseAddress, bytes.count)
        }
        let error = SystemCalls.$current.withValue(calls) {
            #expect(throws: FileError.self) { try write(new, .isReplaced) }
        }
        #expect(error?.isFull == true)
        calls = SystemCalls()
        calls.sync = { _ in refusing(EIO) }
        SystemCalls.$current.withValue(calls) {
            #expect(throws: FileError.refused(.sync, path: "\(path).\(getpid()).part", code: EIO)) {
                try write(new, .isReplaced)
            }
        }
        #expect(try folder.text("file") == old)
        #expect(try folder.names == ["file"])
    }

    @Test func `writes that are cut short or interrupted go on`() throws {
        let turn = Mutex(0)
        var calls = SystemCalls()
        calls.write = { descriptor, bytes in
            let now = turn.withLock { turn in
                defer { turn += 1 }
                return turn
            }
            return now % 2 == 0
                ? Int(refusing(EINTR)) : Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, 777))
        }
        try SystemCalls.$current.withValue(calls) { try write(new, .isReplaced) }
        #expect(try folder.text("file") == new)
    }
}

@Suite("Directories and names")
struct DirectoryTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a", "."), ("a/b/c", "a/b")])
    func `the parent of a path`(_ path: String, _ parent: String) { #expect(Directory.parent(of: path) == parent) }

    @Test func `a folder is made with its mode, and one that is there stays as it is`() throws {
        try Directory.make(folder("a"), mode: 0o757)
        #expect(try folder.mode("a") == 0o757)
        try Directory.make(folder("a"), mode: 0o700)
        #expect(try folder.mode("a") == 0o757)
        #expect(throws: FileError.missing(path: folder("b/c"))) { try Directory.make(folder("b/c"), mode: 0o700) }
    }

    @Test func `a file is kept under a second name, and another moved over it, each durable`() throws {
        try folder.write("key", "old")
        try folder.write("next", "new")
        let log = CallLog()
        try SystemCalls.$current.withValue(log.watched()) {
            try Directory.keep(folder("key"), as: folder("kept"))
            try Directory.keep(folder("next"), as: folder("kept"))
            try Directory.move(folder("next"), over: folder("key"))
        }
        #expect(try folder.text("kept") == "old" && folder.text("key") == "new")
        #expect(try folder.names == ["kept", "key"])
        #expect(log.calls == ["link", "sync a directory", "link", "rename", "sync a directory"])
        #expect(throws: FileError.refused(.replace, path: folder("key"), code: ENOENT)) {
            try Directory.move(folder("next"), over: folder("key"))
        }
    }

    @Test func `an open file is emptied and written again in place`() throws {
        let path = try folder.write("lock", "a long line of an earlier holder")
        let file = try OpenFile(path, for: .updating)
        try file.empty()
        try file.write(Array("short".utf8))
        #expect(try folder.text("lock") == "short")
        #expect(try file.status().identity == FileStatus.of(path)?.identity)
        try #require(symlink("lock", folder("link")) == 0)
        #expect(throws: FileError.refused(.open, path: folder("link"), code: ELOOP)) {
            try OpenFile(folder("link"), for: .updating)
        }
    }
}
