import Glibc
import Testing

/// A port on loopback that is reserved but not listening: connections to it are refused.
///
/// A port that was merely closed could be another test's a moment later.
final class SilentPort {
    let port: UInt16
    let descriptor: Int32

    init() throws {
        let socket = Self.socket()
        descriptor = socket
        try #require(socket >= 0)
        var address = Self.loopback(port: 0)
        let bound = Self.with(&address) { bind(socket, $0, $1) }
        try #require(bound == 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &length) }
        }
        try #require(named == 0)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    }

    static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    static func with(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// A listener whose queue is full: a connection to it is neither established nor refused.
final class FullBacklog {
    var port: UInt16 { listener.port }
    private let listener: SilentPort
    private var clients: [Int32] = []

    init() throws {
        let listener = try SilentPort()
        self.listener = listener
        let listening = listen(listener.descriptor, 0)
        try #require(listening == 0)
        var address = SilentPort.loopback(port: listener.port)
        for _ in 0..<8 {
            let client = SilentPort.socket()
            try #require(client >= 0)
            clients.append(client)
            // In progress, or waiting for a place in the queue: both are intended.
            _ = SilentPort.with(&address) { connect(client, $0, $1) }
        }
    }

    deinit { for client in clients { close(client) } }
}
