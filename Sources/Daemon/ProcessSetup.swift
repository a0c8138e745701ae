import ConfigFile
import Dispatch
import Foundation
import Glibc
import LinuxShim

/// What a process does about its own secrets before anything else.
public enum ProcessSecrets {
    /// The environment as it was when the process started; nothing else holds the secrets in it after ``protect()``.
    public static let environment = ProcessInfo.processInfo.environment

    /// Keeps the memory of this process from core dumps, crash reports and debuggers, and the secrets of the environment
    /// from /proc.
    ///
    /// To be called first, while there is one thread. A kernel that refuses is told of by `doctor`.
    public static func protect() {
        // Read before it is wiped.
        _ = environment
        _ = twostepd_hide_memory()
        // Swift's own crash handler prints registers and the memory that they point to, and a process that somebody
        // sends SIGABRT, as a watchdog does, would outlive it.
        for number in [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGQUIT, SIGSEGV, SIGTRAP] { signal(number, SIG_DFL) }
        for prefix in SecretSources.variablePrefixes { twostepd_wipe_environment(prefix) }
    }
}

/// How much memory the process keeps that it has no use for just now.
public enum ProcessMemory {
    /// Has the allocator give back what is freed, for a process that reads a fleet now and then and rests in between.
    ///
    /// To be called while there is one thread.
    public static func keepLittle() { twostepd_keep_little_memory() }

    /// Gives memory that was freed back to the system.
    static func giveBack() { twostepd_give_back_memory() }
}

/// The signals that whoever started this process had blocked.
public enum InheritedSignals {
    /// Lets every signal through again: a mask is inherited, and a daemon that was started under one would neither crash
    /// on SIGABRT, which is what a watchdog sends, nor stop when it is asked to.
    ///
    /// To be called first, while there is one thread.
    public static func unblock() {
        var none = sigset_t()
        sigemptyset(&none)
        // It fails for an operation that there is not, which this is not.
        pthread_sigmask(SIG_SETMASK, &none, nil)
    }
}

/// Receives signals as events on a private queue.
public final class SignalWatcher: @unchecked Sendable {
    private var sources: [any DispatchSourceSignal] = []
    private let queue = DispatchQueue(label: "twostepd.signals")

    /// Calls `handler` with each of `signals` that arrives, instead of what it does by default.
    public init(_ signals: [Int32], handler: @escaping @Sendable (Int32) -> Void) {
        for number in signals {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { handler(number) }
            source.resume()
            sources.append(source)
        }
    }
}
