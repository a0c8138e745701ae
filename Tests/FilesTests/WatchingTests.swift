import Dispatch
import Foundation
import Testing

@testable import Files

@Suite("Noticing that files change")
struct WatchingTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func `a stamp is another when content, mode or file is another, and not when a name is`() throws {
        let path = try folder.write("file", "x")
        let first = try #require(FileStamp(path))
        #expect(FileStamp(path) == first)
        try #require(rename(path, folder("other")) == 0)
        #expect(FileStamp(path) == nil)
        #expect(FileStamp(folder("other"))?.identity == first.identity)
        try folder.write("other", "xy")
        #expect(FileStamp(folder("other")) != first)
        try folder.write("file", "x")
        #expect(FileStamp(path)?.identity != first.identity)
    }

    @Test func `a stamp stands for the content only when the file has rested`() throws {
        let stamp = try #require(FileStamp(try folder.write("file", "x")))
        let now = Duration.seconds(Date().timeIntervalSince1970)
        #expect(!stamp.isSettled(at: now))
        #expect(stamp.isSettled(at: now + .seconds(3600)))
    }

    @Test func `every link on the way and the last name are watched`() throws {
        try #require(mkdir(folder("real"), 0o700) == 0)
        try folder.write("real/file", "x")
        try #require(symlink("real", folder("link")) == 0)
        // The temporary folder itself may be behind links, which come first.
        let root = try #require(realpath(folder.path, nil).map { String(cString: $0) })
        let steps = FileWatcher.steps(to: root + "/link/./../link/file")
        #expect(steps.map(\.directory) == [root, root, root + "/real"])
        #expect(steps.map(\.name) == ["link", "link", "file"])
        try #require(symlink("loop", folder("loop")) == 0)
        #expect(FileWatcher.steps(to: root + "/loop").count == FileWatcher.maxLinks + 1)
    }

    @Test func `a relative path begins in the working directory`() {
        #expect(FileWatcher.absolute("./state/file", from: "/srv/x") == "/srv/x/./state/file")
        #expect(FileWatcher.absolute("/etc/file", from: "/srv/x") == "/etc/file")
        #expect(FileWatcher.absolute("file", from: "") == "/file")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a file that is replaced, removed, made again, or reached by another link is noticed`() async throws {
        try folder.write("a", "1")
        try folder.write("b", "2")
        try #require(symlink("a", folder("file")) == 0)
        let queue = DispatchQueue(label: "test")
        let changes = AsyncStream<Void>.makeStream()
        let watcher = try #require(
            FileWatcher(paths: [folder("file")], queue: queue) { changes.continuation.yield() })
        // The watches are set on the queue.
        queue.sync {}
        var next = changes.stream.makeAsyncIterator()
        try Draft.write([51], to: folder("a"), WritePolicy(existing: .isReplaced))
        await next.next()
        try #require(symlink("b", folder("new")) == 0)
        try Directory.move(folder("new"), over: folder("file"))
        await next.next()
        try #require(unlink(folder("b")) == 0)
        await next.next()
        try folder.write("b", "4")
        await next.next()
        watcher.stop()
        #expect(FileWatcher.isPossible)
    }
}
