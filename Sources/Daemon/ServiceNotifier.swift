import Glibc
import Planning

/// Notifies the service manager of the daemon's status, over the datagram socket in `NOTIFY_SOCKET` (see sd_notify(3)).
///
/// Without that variable every message is dropped: the daemon runs the same under a shell.
public struct ServiceNotifier: Sendable {
    private let path: String?

    /// The interval at which the service manager expects a sign of life; nil when it expects none. From
    /// `WATCHDOG_USEC`.
    public let watchdogInterval: Duration?

    /// - Parameter environment: the process's environment.
    public init(environment: [String: String]) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == getpid() } ?? true
        watchdogInterval = environment["WATCHDOG_USEC"].flatMap(Int64.init)
            .flatMap { isOurs && $0 > 0 ? .microseconds($0) : nil }
    }

    /// Reports that the daemon works: the desired state was read and the engine runs.
    public func ready(status: String) { send("READY=1\nSTATUS=\(Self.line(status))") }

    /// Sends the line for `systemctl status`.
    public func status(_ text: String) { send("STATUS=\(Self.line(text))") }

    /// Reports that a reload begins; ``ready(status:)`` ends it. Carries the monotonic time, as `Type=notify-reload`
    /// requires.
    public func reloading() {
        var time = timespec()
        guard clock_gettime(CLOCK_MONOTONIC, &time) == 0 else { return }
        send("RELOADING=1\nMONOTONIC_USEC=\(time.tv_sec * 1_000_000 + time.tv_nsec / 1000)")
    }

    /// Reports that a clean stop has begun. The service manager waits for `time`, even if its own limit is shorter.
    public func stopping(status: String, within time: Duration) {
        send("STOPPING=1\nSTATUS=\(status)\nEXTEND_TIMEOUT_USEC=\(time.milliseconds * 1000)")
    }

    /// Sends a sign of life for the watchdog.
    public func watchdog() { send("WATCHDOG=1") }

    /// Removes the line breaks, after which the service manager would read another message.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }

    private func send(_ message: String) {
        guard let path else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        guard let (found, length) = LocalSocket.address(of: path) else { return }
        var address = found
        let text = Array(message.prefix(1024).utf8)
        // A service manager that does not listen is no reason to stop or to wait, so the result is ignored.
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT), $0, length)
            }
        }
    }
}
