import Glibc

/// A Unix stream socket's path, checked without waiting.
enum LocalSocket {
    /// The outcome of an attempt to connect.
    enum Reception {
        case accepted
        /// This user may not connect.
        case forbidden
        /// No process listens.
        case absent
    }

    /// Returns true when a process accepts connections at `path`.
    static func answers(at path: String) -> Bool { reception(at: path) == .accepted }

    /// Connects to `path`, and closes the connection.
    static func reception(at path: String) -> Reception {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .absent }
        defer { close(descriptor) }
        guard let (found, length) = address(of: path) else { return .absent }
        var address = found
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        if result == 0 { return .accepted }
        return errno == EACCES || errno == EPERM ? .forbidden : .absent
    }

    /// Returns the socket address of `path`, where a leading `@` stands for the abstract namespace; nil when it is too
    /// long.
    static func address(of path: String) -> (sockaddr_un, socklen_t)? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return (address, socklen_t(MemoryLayout<sa_family_t>.size + bytes.count + (bytes[0] == 0 ? 0 : 1)))
    }
}
