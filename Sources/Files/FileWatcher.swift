public import Dispatch
import Glibc

/// Watches files by way of the directories that lead to them, and reports changes after a quiet period.
///
/// Only watches on every directory of the path catch an atomic rename over the file, a file that vanishes and
/// reappears, a folder that is renamed away and replaced by another, and a symbolic link with a new target. The file
/// itself is watched as well, because a file that is mounted alone is written through another directory. While the
/// system refuses a watch, the files are compared every ``pollInterval`` instead. Confined to its queue.
public final class FileWatcher: @unchecked Sendable {
    /// The time without events after which a change is reported.
    static let quietPeriod: DispatchTimeInterval = .milliseconds(200)
    /// The period of comparing files that cannot be watched.
    public static let pollInterval: Duration = .seconds(30)
    /// The maximum count of symbolic links on the way to one file.
    static let maxLinks = 40

    private static let directoryEvents = UInt32(
        IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR)
    private static let fileEvents = UInt32(IN_CLOSE_WRITE | IN_ATTRIB)
    /// The name in events of a watched file itself.
    private static let itself = ""

    private let paths: [String]
    private let queue: DispatchQueue
    private let interval: Duration
    private let onChange: @Sendable () -> Void
    private let onProblem: @Sendable (String?) -> Void
    private let calls = SystemCalls.current
    /// The descriptor of inotify; nil when the system has no instance left for this user.
    private var descriptor: Int32?
    private var source: (any DispatchSourceRead)?
    private var quiet: (any DispatchSourceTimer)?
    /// The timer that runs while something cannot be watched.
    private var poll: (any DispatchSourceTimer)?
    /// The stamps of the files at the last comparison.
    private var stamps: [FileStamp?] = []
    /// The reason why something cannot be watched; nil when everything is.
    private var problem: String?
    private var isStopped = false
    /// The relevant names in each watched directory, by watch descriptor.
    private var names: [Int32: Set<String>] = [:]

    /// Creates a watcher.
    ///
    /// - Parameters:
    ///   - paths: files, or names that a file may get; relative ones are resolved against the working directory.
    ///   - queue: the queue that the watcher works on.
    ///   - interval: the period of comparing files that cannot be watched.
    ///   - onProblem: receives the reason on `queue` when the files cannot be watched, and nil when they can again.
    ///   - onChange: is called on `queue` after a change.
    public init(
        paths: [String], queue: DispatchQueue, interval: Duration = FileWatcher.pollInterval,
        onProblem: @escaping @Sendable (String?) -> Void = { _ in }, onChange: @escaping @Sendable () -> Void
    ) {
        let workingDirectory = Self.workingDirectory
        self.paths = paths.map { Self.absolute($0, from: workingDirectory) }
        self.queue = queue
        self.interval = interval
        self.onProblem = onProblem
        self.onChange = onChange
        queue.async { self.watch() }
    }

    /// Returns the reason why this user cannot watch all `paths` at present; nil when they can be watched. Relative
    /// paths are resolved against the working directory.
    public static func problem(watching paths: [String]) -> String? {
        let watcher = FileWatcher(trying: paths)
        defer { watcher.close() }
        return watcher.setWatches()
    }

    private init(trying paths: [String]) {
        let workingDirectory = Self.workingDirectory
        self.paths = paths.map { Self.absolute($0, from: workingDirectory) }
        queue = DispatchQueue(label: "twostepd.watch")
        interval = Self.pollInterval
        onProblem = { _ in }
        onChange = {}
    }

    /// Renews the watches for the present directories, whatever events arrived, and then calls `completion` on the
    /// queue.
    public func renew(then completion: @escaping @Sendable () -> Void) {
        queue.async {
            self.watch()
            completion()
        }
    }

    /// Stops watching.
    public func stop() {
        queue.async {
            self.isStopped = true
            self.quiet?.cancel()
            self.poll?.cancel()
            self.close()
        }
    }

    private func close() {
        if let source {
            source.cancel()
        } else if let descriptor {
            Glibc.close(descriptor)
        }
        (source, descriptor) = (nil, nil)
    }

    /// Renews the watches for the present directories, and polls as long as a watch is refused.
    private func watch() {
        guard !isStopped else { return }
        let found = setWatches()
        if let descriptor, source == nil {
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
            source.setEventHandler { [weak self] in self?.drain() }
            source.setCancelHandler { Glibc.close(descriptor) }
            source.resume()
            self.source = source
        }
        guard found != problem else { return }
        problem = found
        setPolling(found != nil)
        onProblem(found)
    }

    /// Sets the watches that are needed now and removes the others.
    ///
    /// - Returns: the reason why one of them was refused; nil when all are set.
    private func setWatches() -> String? {
        if descriptor == nil {
            let new = calls.initWatches()
            let code = errno
            guard new >= 0 else { return "no inotify instance is left for this user (\(Self.words(code)))" }
            descriptor = new
        }
        guard let descriptor else { return nil }
        var wanted: [String: Set<String>] = [:]
        for path in paths {
            for (directory, name) in Self.steps(to: path) { wanted[directory, default: []].insert(name) }
        }
        var (current, found): ([Int32: Set<String>], String?) = ([:], nil)
        // In order, so that the reported refusal is the first one at every attempt.
        for (directory, interesting) in wanted.sorted(by: { $0.key < $1.key }) {
            let watch = calls.addWatch(descriptor, directory, Self.directoryEvents)
            let code = errno
            if watch >= 0 {
                current[watch, default: []].formUnion(interesting)
            } else if code != ENOENT, code != ENOTDIR {
                // A directory that does not exist is watched by its parent.
                found = found ?? "\(directory) cannot be watched: \(Self.refusal(code))"
            }
        }
        for path in paths {
            let watch = calls.addWatch(descriptor, path, Self.fileEvents)
            let code = errno
            if watch >= 0 {
                current[watch, default: []].insert(Self.itself)
            } else if code != ENOENT, code != ENOTDIR, code != EACCES {
                // A file that this user may not read is not read either, and its directory reports when that changes.
                found = found ?? "\(path) cannot be watched: \(Self.refusal(code))"
            }
        }
        for old in names.keys where current[old] == nil { inotify_rm_watch(descriptor, old) }
        names = current
        return found
    }

    private static func refusal(_ code: Int32) -> String {
        switch code {
        case ENOSPC: "no inotify watch is left for this user"
        case EACCES: "this user may not read it"
        default: words(code)
        }
    }

    private static func words(_ code: Int32) -> String { String(cString: strerror(code)) }

    private func drain() {
        guard let descriptor else { return }
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var concerns = false
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            concerns = parse(buffer[..<count]) || concerns
        }
        guard concerns else { return }
        watch()
        reportSoon()
    }

    /// Reports a change after the quiet period.
    private func reportSoon() {
        quiet?.cancel()
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + Self.quietPeriod)
        timer.setEventHandler { [weak self] in
            self?.quiet = nil
            self?.onChange()
        }
        quiet = timer
        timer.resume()
    }

    private func setPolling(_ isOn: Bool) {
        guard isOn != (poll != nil) else { return }
        poll?.cancel()
        poll = nil
        guard isOn else { return }
        stamps = paths.map { FileStamp($0) }
        let timer = DispatchSource.makeTimerSource(queue: queue)
        let step = DispatchTimeInterval.milliseconds(Int(interval / .milliseconds(1)))
        timer.schedule(
            deadline: .now() + step, repeating: step, leeway: .milliseconds(Int(interval / .milliseconds(10))))
        timer.setEventHandler { [weak self] in self?.compare() }
        poll = timer
        timer.resume()
    }

    /// Retries the watches, and reports changes since the last comparison.
    private func compare() {
        watch()
        let now = paths.map { FileStamp($0) }
        guard now != stamps else { return }
        stamps = now
        reportSoon()
    }

    /// Returns whether any of these events concerns a name on the way to a file.
    private func parse(_ bytes: ArraySlice<UInt8>) -> Bool {
        var concerns = false
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            let headSize = MemoryLayout<inotify_event>.size
            while offset + headSize <= buffer.count {
                let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let end = offset + headSize + Int(event.len)
                guard end <= buffer.count else { break }
                let name = String(decoding: buffer[(offset + headSize)..<end].prefix { $0 != 0 }, as: UTF8.self)
                let lost = event.mask & UInt32(IN_Q_OVERFLOW | IN_IGNORED) != 0
                concerns = concerns || lost || names[event.wd]?.contains(name) ?? false
                offset = end
            }
        }
        return concerns
    }

    /// Returns each directory on the way to `path`, which is absolute, with the next name in it; symbolic links are
    /// followed.
    static func steps(to path: String) -> [(directory: String, name: String)] {
        var steps: [(String, String)] = []
        var resolved = ""
        var rest = path.split(separator: "/").map(String.init)
        var links = 0
        while !rest.isEmpty, links <= maxLinks {
            let name = rest.removeFirst()
            if name == "." { continue }
            if name == ".." {
                resolved = resolved.split(separator: "/").dropLast().map { "/" + $0 }.joined()
                continue
            }
            let full = resolved + "/" + name
            let target = linkTarget(full)
            steps.append((resolved.isEmpty ? "/" : resolved, name))
            guard let target else {
                resolved = full
                continue
            }
            links += 1
            rest = target.split(separator: "/").map(String.init) + rest
            if target.hasPrefix("/") { resolved = "" }
        }
        return steps
    }

    /// Returns the absolute path of `path`, which is resolved against `directory` when it is relative.
    static func absolute(_ path: String, from directory: String) -> String {
        path.hasPrefix("/") ? path : "\(directory)/\(path)"
    }

    /// The process's working directory; the root when it was removed.
    private static var workingDirectory: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard getcwd(&buffer, buffer.count) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}
