import Foundation
import Glibc

/// The real daemon as a child process, so that it can be killed.
final class DaemonChild {
    private let process = Process()

    var pid: Int32 { process.processIdentifier }

    /// Starts `twostepd run` on a settings file; its log is appended to `log`.
    init(config: URL, log: URL) throws {
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["run", "--config", config.path]
        var environment = ProcessInfo.processInfo.environment
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM"] {
            environment[name] = nil
        }
        process.environment = environment
        if !FileManager.default.fileExists(atPath: log.path) {
            try Data().write(to: log)
        }
        let handle = try FileHandle(forWritingTo: log)
        try handle.seekToEnd()
        process.standardError = handle
        process.standardOutput = handle
        try process.run()
    }

    /// Ends it without any warning, as a power cut would.
    func kill() {
        Glibc.kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// Stops it cleanly. Gives its exit code.
    func stop() -> Int32 {
        guard process.isRunning else { return process.terminationStatus }
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }
}
