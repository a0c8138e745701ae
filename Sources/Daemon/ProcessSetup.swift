import ConfigFile
import Dispatch
import Foundation
import Glibc
import LinuxShim
import Logging
import Planning

/// Protects the process's own secrets, before any other work.
public enum ProcessSecrets {
    /// The environment at the start of the process; nothing else holds its secrets after ``protect()``.
    public static let environment = ProcessInfo.processInfo.environment

    /// Keeps the memory of this process from core dumps, crash reports and debuggers, and the secrets of the
    /// environment from /proc.
    ///
    /// Call it first, while there is one thread. `doctor` reports a kernel that refuses.
    public static func protect() {
        // Read before it is wiped.
        _ = environment
        _ = twostepd_hide_memory()
        // Swift's own crash handler prints registers and the memory that they point to, and a process that receives
        // SIGABRT, as a watchdog sends, would outlive it.
        for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
        for prefix in SecretSources.variablePrefixes { twostepd_wipe_environment(prefix) }
    }
}

/// Limits the unused memory that the process keeps.
public enum ProcessMemory {
    /// Has the allocator return freed memory, for a process that reads a fleet now and then and is idle in between.
    ///
    /// Call it while there is one thread.
    public static func keepLittle() { twostepd_keep_little_memory() }

    /// Returns freed memory to the system.
    static func release() { twostepd_release_memory() }
}

/// Checks that the system provides the threads that this process needs: a thread that cannot be created later ends the
/// process, or makes it wait forever without a message.
public enum ProcessThreads {
    /// The threads of a command, with a reserve.
    public static let ofCommand = 8
    /// The threads of a process that works on the store, with a reserve: its queues, the loops of its connections, and
    /// the pools that libdispatch shares among tasks.
    static let ofDaemon = 32

    /// Creates `count` threads at once and ends them. Throws when the system refuses one.
    public static func check(_ count: Int) throws(ThreadShortage) {
        let error = twostepd_try_threads(Int32(count))
        guard error == 0 else { throw ThreadShortage(needed: count, code: error) }
    }
}

/// The system does not provide the threads that this process needs.
public struct ThreadShortage: Error, Hashable, CustomStringConvertible {
    let needed: Int
    /// The system's error number.
    let code: Int32

    /// The problem, without the advice.
    var problem: String {
        "the system refuses the \(needed) threads that are needed (\(String(cString: strerror(code))))"
    }
    let advice =
        "raise TasksMax of the unit, the limit of processes of the container (pids.max), or that of the user (ulimit -u)"

    public var description: String { "\(problem): \(advice)" }
}

/// The descriptors that this process may have open, and those that a daemon needs.
enum OpenFiles {
    /// Returns one for each request in flight and each connection to its servers, and those of store, files and hooks.
    static func needed(by settings: Settings) -> UInt64 {
        UInt64(settings.limits.concurrency ?? Policy.concurrencyWhenLifted) + 2 * UInt64(LocalServer.maxConnections)
            + 64
    }

    /// The permitted count.
    static var permitted: UInt64 { UInt64(limits.rlim_cur) }

    private static var limits: rlimit {
        var limits = rlimit()
        // It fails only for an unknown resource, and this one is known.
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        return limits
    }

    /// Raises the limit to the needed count, as far as the system permits, and logs an error when that is too low.
    static func provide(for settings: Settings, logger: Logger) {
        let needed = needed(by: settings)
        var limits = limits
        if limits.rlim_cur < needed, limits.rlim_cur < limits.rlim_max {
            limits.rlim_cur = min(limits.rlim_max, rlim_t(needed))
            // A sandbox may forbid it. The effective limit is checked below.
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limits)
        }
        guard permitted < needed else { return }
        logger.error(
            "Too few open files are permitted: connections may wait and requests may fail",
            metadata: [
                "permitted": "\(permitted)", "needed": "\(needed)",
                "advice": "raise LimitNOFILE of the unit or ulimit -n, or lower limits.concurrency",
            ])
    }
}

/// The signals by which other processes end or control this one: SIGTERM, SIGINT and SIGHUP.
public enum BlockedSignals {
    private static let numbers = [SIGTERM, SIGINT, SIGHUP]

    /// Blocks these signals until the command line is parsed, so that none is lost. All others get through: a mask is
    /// inherited, and a daemon that was started under one would not crash on SIGABRT, which is what a watchdog sends.
    ///
    /// Call it first, while there is one thread.
    public static func block() { set(numbers) }

    /// Unblocks them: they end a process that has nothing to clean up.
    ///
    /// Call it while there is one thread.
    public static func release() { set([]) }

    /// Keeps them for a ``SignalWatcher``, including those that are blocked and have arrived.
    ///
    /// - Parameter evenIgnored: true to keep SIGHUP although the process was started to ignore it, as `nohup` does.
    public static func keep(evenIgnored: Bool) {
        let kept = numbers.filter { evenIgnored || $0 != SIGHUP || !isIgnored($0) }
        // Without a free descriptor they end the process, as in a process that watches no signals.
        if twostepd_keep_signals(kept, Int32(kept.count)) < 0 { release() }
    }

    private static func set(_ numbers: [Int32]) {
        var mask = sigset_t()
        sigemptyset(&mask)
        for number in numbers { sigaddset(&mask, number) }
        // It fails only for an unknown operation, and this one is known.
        pthread_sigmask(SIG_SETMASK, &mask, nil)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1  // SIG_IGN
    }
}

/// Receives the signals that ``BlockedSignals`` keeps, as events on a private queue; at most one in a process.
public final class SignalWatcher: @unchecked Sendable {
    private let source: (any DispatchSourceRead)?

    /// Calls `handler` with each signal, including those that have arrived already.
    public init(handler: @escaping @Sendable (Int32) -> Void) {
        let descriptor = twostepd_keep_signals([], 0)
        guard descriptor >= 0 else {
            source = nil
            return
        }
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "twostepd.signals"))
        source.setEventHandler {
            while case let number = twostepd_next_signal(descriptor), number != 0 { handler(number) }
        }
        source.resume()
        self.source = source
    }

    deinit { source?.cancel() }
}
