import Dispatch
import Foundation
import Synchronization
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

    @Test func `every directory and every link on the way is watched`() throws {
        try #require(mkdir(folder("real"), 0o700) == 0)
        try folder.write("real/file", "x")
        try #require(symlink("real", folder("link")) == 0)
        // The temporary folder itself may be behind links, which come first.
        let root = try #require(realpath(folder.path, nil).map { String(cString: $0) })
        let steps = FileWatcher.steps(to: root + "/link/./../link/file")
        let names = root.split(separator: "/").map(String.init)
        let above = names.indices.map { "/" + names[..<$0].joined(separator: "/") }
        #expect(steps.map(\.directory) == above + [root, root, root, root, root + "/real"])
        #expect(steps.map(\.name) == names + ["link", "real", "link", "real", "file"])
        try #require(symlink("loop", folder("loop")) == 0)
        #expect(FileWatcher.steps(to: root + "/loop").count == names.count + FileWatcher.maxLinks + 1)
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
        let watcher = FileWatcher(paths: [folder("file")], queue: queue) { changes.continuation.yield() }
        // The watches are set on the queue.
        queue.sync {}
        var next = changes.stream.makeAsyncIterator()
        try AtomicFile.write([51], to: folder("a"), WritePolicy(existing: .isReplaced))
        await next.next()
        try #require(symlink("b", folder("new")) == 0)
        try Directory.move(folder("new"), over: folder("file"))
        await next.next()
        try #require(unlink(folder("b")) == 0)
        await next.next()
        try folder.write("b", "4")
        await next.next()
        watcher.stop()
        #expect(FileWatcher.problem(watching: [folder("file"), folder("missing/file")]) == nil)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a folder that is renamed away, at any height, is followed by the one that is put in its place`() async throws
    {
        for place in ["up", "up/config"] {
            try #require(mkdir(folder("up"), 0o700) == 0 && mkdir(folder("up/config"), 0o700) == 0)
            try folder.write("up/config/file", "1")
            let queue = DispatchQueue(label: "test")
            let changes = AsyncStream<Void>.makeStream()
            let watcher = FileWatcher(paths: [folder("up/config/file")], queue: queue) { changes.continuation.yield() }
            queue.sync {}
            var next = changes.stream.makeAsyncIterator()
            try #require(rename(folder(place), folder("old")) == 0)
            await next.next()
            try #require(mkdir(folder("new"), 0o700) == 0)
            if place == "up" { try #require(mkdir(folder("new/config"), 0o700) == 0) }
            try #require(rename(folder("new"), folder(place)) == 0)
            await next.next()
            try folder.write("up/config/file", "2")
            await next.next()
            // Written in place, in the new folder.
            try append("3", to: folder("up/config/file"))
            await next.next()
            watcher.stop()
            try FileManager.default.removeItem(atPath: folder("up"))
            try FileManager.default.removeItem(atPath: folder("old"))
        }
    }

    private func append(_ text: String, to path: String) throws {
        let file = try FileHandle(forWritingTo: URL(filePath: path))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
        try file.close()
    }

    @Test(.timeLimit(.minutes(1)))
    func `a file that is written in place by way of another directory, as one that is mounted alone, is noticed`()
        async throws
    {
        for name in ["inside", "elsewhere"] { try #require(mkdir(folder(name), 0o700) == 0) }
        try folder.write("elsewhere/file", "1")
        try #require(link(folder("elsewhere/file"), folder("inside/file")) == 0)
        let queue = DispatchQueue(label: "test")
        let changes = AsyncStream<Void>.makeStream()
        let watcher = FileWatcher(paths: [folder("inside/file")], queue: queue) { changes.continuation.yield() }
        queue.sync {}
        var next = changes.stream.makeAsyncIterator()
        try append("2", to: folder("elsewhere/file"))
        await next.next()
        watcher.stop()
    }

    /// A simulated shortage of watches, which a test turns on and off.
    private final class Shortage: Sendable {
        let code = Mutex<Int32>(0)

        var calls: SystemCalls {
            var calls = SystemCalls()
            calls.addWatch = { descriptor, path, events in
                let code = self.code.withLock { $0 }
                guard code == 0 else {
                    errno = code
                    return -1
                }
                return SystemCalls().addWatch(descriptor, path, events)
            }
            calls.initWatches = {
                let code = self.code.withLock { $0 }
                guard code != EMFILE else {
                    errno = code
                    return -1
                }
                return SystemCalls().initWatches()
            }
            return calls
        }
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (ENOSPC, "no inotify watch is left"), (EACCES, "this user may not read it"),
            (EMFILE, "no inotify instance is left"),
        ])
    func `while watches are refused the files are compared, the reason is reported once, and watching begins again`(
        code: Int32, reason: String
    ) async throws {
        let shortage = Shortage()
        shortage.code.withLock { $0 = code }
        try folder.write("file", "1")
        let queue = DispatchQueue(label: "test")
        let changes = AsyncStream<Void>.makeStream()
        let problems = AsyncStream<String?>.makeStream()
        let watcher = SystemCalls.$current.withValue(shortage.calls) {
            FileWatcher(
                paths: [folder("file")], queue: queue, interval: .milliseconds(20),
                onProblem: { problems.continuation.yield($0) }, onChange: { changes.continuation.yield() })
        }
        var (nextChange, nextProblem) = (changes.stream.makeAsyncIterator(), problems.stream.makeAsyncIterator())
        let first = await nextProblem.next()
        let problem = try #require(first)
        #expect(problem?.contains(reason) == true, "\(problem ?? "none")")
        for text in ["22", "333"] {
            try folder.write("file", text)
            await nextChange.next()
        }
        let renamed = AsyncStream<Void>.makeStream()
        watcher.renew { renamed.continuation.yield() }
        for await _ in renamed.stream { break }
        shortage.code.withLock { $0 = 0 }
        // The same problem is not reported twice: the next report is its end.
        let second = await nextProblem.next()
        #expect(second == .some(nil))
        try folder.write("file", "4444")
        await nextChange.next()
        watcher.stop()
    }
}
