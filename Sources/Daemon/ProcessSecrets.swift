import Foundation
import Glibc
import LinuxShim

/// What a process does about its own secrets before anything else.
public enum ProcessSecrets {
    /// The environment as it was when the process started; nothing else holds the secrets in it after ``protect()``.
    public static let environment = ProcessInfo.processInfo.environment

    /// Keeps the memory of this process from core dumps and debuggers, and the environment's secrets from /proc.
    ///
    /// To be called first, while there is one thread. A kernel that refuses is told of by `doctor`.
    public static func protect() {
        // Read before it is wiped.
        _ = environment
        _ = twostepd_hide_memory()
        for prefix in ["TWOSTEPD_TOKEN_", "TWOSTEPD_PIN_"] { twostepd_wipe_environment(prefix) }
    }
}
