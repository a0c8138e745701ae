import Glibc
import Planning

/// The systemd journal by its native protocol, a datagram an entry (systemd's `JOURNAL_NATIVE_PROTOCOL`).
public final class JournalSocket: Sendable {
    public static let standardPath = "/run/systemd/journal/socket"

    /// What the names of our own fields begin with.
    static let prefix = "TWOSTEPD_"

    private let descriptor: Int32

    /// Nil when nobody listens at `path`.
    public init?(path: String = standardPath) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { return nil }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// How the journal took an entry.
    enum Reception {
        case taken
        /// It takes none just now: its queue is full.
        case busy
        case refused
    }

    /// Sends one entry whose texts have no line breaks, and waits for room in the journal's queue at most `patience`
    /// milliseconds.
    func send(
        _ message: String, priority: Int, fields: [(key: String, value: String)], patience: Int32
    ) -> Reception {
        var text = "MESSAGE=\(message)\nPRIORITY=\(priority)\nSYSLOG_IDENTIFIER=twostepd\n"
        for (key, value) in fields { text += "\(Self.prefix)\(key.uppercased())=\(value.prefix(1024))\n" }
        let bytes = Array(text.utf8)
        let deadline = ContinuousClock.now + .milliseconds(Int(patience))
        while true {
            let sent = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
            if sent == bytes.count { return .taken }
            guard errno == EAGAIN || errno == EINTR else { return .refused }
            let left = ContinuousClock.now.duration(to: deadline).milliseconds
            var polled = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard left > 0, poll(&polled, 1, Int32(left)) != 0 else { return .busy }
        }
    }
}
