public import Dispatch
import Glibc

/// Notices changes of files by way of the directories that lead to them, and reports them once things are quiet.
///
/// Watching directories is what catches an atomic rename over the file, a file that vanishes and comes back, and a
/// symbolic link on the way (also a directory's) that is turned to another place. Confined to its queue.
public final class FileWatcher: @unchecked Sendable {
    /// How long nothing may have happened before a change is reported.
    static let quietPeriod: DispatchTimeInterval = .milliseconds(200)
    /// The most symbolic links on the way to one file.
    static let maxLinks = 40

    private let paths: [String]
    private let queue: DispatchQueue
    private let onChange: @Sendable () -> Void
    private let descriptor: Int32
    private var source: (any DispatchSourceRead)?
    private var quiet: (any DispatchSourceTimer)?
    /// The names that matter in each watched directory, by watch descriptor.
    private var names: [Int32: Set<String>] = [:]

    /// Whether the system has an inotify instance left for this user.
    public static var isPossible: Bool {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC))
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// Watches `paths` and calls `onChange` on `queue`; nil when the system has no inotify instance left. A relative path
    /// begins in the working directory of now.
    public init?(paths: [String], queue: DispatchQueue, onChange: @escaping @Sendable () -> Void) {
        let workingDirectory = Self.workingDirectory
        self.paths = paths.map { Self.absolute($0, from: workingDirectory) }
        self.queue = queue
        self.onChange = onChange
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.drain() }
        source.setCancelHandler { [descriptor] in close(descriptor) }
        self.source = source
        queue.async {
            self.watch()
            self.source?.resume()
        }
    }

    /// Stops watching.
    public func stop() {
        queue.async {
            self.quiet?.cancel()
            self.source?.cancel()
            self.source = nil
        }
    }

    /// Brings the watches up to what leads to the files now. Watches that are no longer needed are dropped.
    private func watch() {
        var wanted: [String: Set<String>] = [:]
        for path in paths {
            for (directory, name) in Self.steps(to: path) { wanted[directory, default: []].insert(name) }
        }
        var current: [Int32: Set<String>] = [:]
        let events = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR
        for (directory, interesting) in wanted {
            let watch = inotify_add_watch(descriptor, directory, UInt32(events))
            // A directory that cannot be watched is one that does not exist: its parent is watched as well.
            if watch >= 0 { current[watch, default: []].formUnion(interesting) }
        }
        for old in names.keys where current[old] == nil { inotify_rm_watch(descriptor, old) }
        names = current
    }

    private func drain() {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        var concerns = false
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            concerns = parse(buffer[..<count]) || concerns
        }
        guard concerns else { return }
        watch()
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

    /// Whether any of these events concerns a name on the way to a file.
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

    /// Each directory on the way to `path`, which is absolute, with the name in it that leads on; symbolic links are followed.
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
            // Directories that are no links and hold no links hardly change: only the last one and links matter.
            if target != nil || rest.isEmpty || access(full, F_OK) != 0 {
                steps.append((resolved.isEmpty ? "/" : resolved, name))
            }
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

    /// The absolute path of `path`, which begins in `directory` when it is relative.
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
