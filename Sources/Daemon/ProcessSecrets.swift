import ConfigFile
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
