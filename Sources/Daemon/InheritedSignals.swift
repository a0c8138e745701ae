import Glibc

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
