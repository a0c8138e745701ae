import Glibc
import Testing

/// A port on loopback that completes no connection: its listener accepts nothing, and its queue is full.
final class FullBacklog {
    let port: UInt16
    private var sockets: [Int32] = []

    init() throws {
        let listener = Self.socket()
        try #require(listener >= 0)
        sockets = [listener]
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        try #require(Self.with(&address) { bind(listener, $0, $1) } == 0)
        try #require(listen(listener, 0) == 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let named = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
        }
        try #require(named == 0)
        port = UInt16(bigEndian: address.sin_port)
        for _ in 0..<8 {
            let client = Self.socket()
            try #require(client >= 0)
            sockets.append(client)
            // In progress, or waiting for a place in the queue; both are what is wanted.
            _ = Self.with(&address) { connect(client, $0, $1) }
        }
    }

    deinit { for socket in sockets { close(socket) } }

    private static func socket() -> Int32 {
        Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
    }

    private static func with(
        _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
