import Foundation
import Glibc
import Synchronization

/// A server on 127.0.0.1 that runs a closure for each connection, which controls it byte by byte.
///
/// Each connection has a thread of its own, so that the closure may block.
final class LoopbackServer: Sendable {
    struct Failure: Error { let code: Int32 }

    /// The observed connections and requests; it outlives the server for as long as a thread works on a connection.
    final class Log: Sendable {
        struct State {
            var open: Set<Int32> = []
            var connections = 0
            var requests: [String] = []
            var isStopped = false
        }

        let state = Mutex(State())
    }

    let port: Int
    private let listener: Int32
    private let log = Log()

    /// Starts listening; `behaviour` runs once for each connection, which is closed when it returns.
    init(_ behaviour: @escaping @Sendable (Connection) -> Void) throws {
        (listener, port) = try Self.listen()
        let (listener, log) = (listener, log)
        Thread.detachNewThread {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                let isWanted = log.state.withLock { state in
                    guard !state.isStopped else { return false }
                    state.connections += 1
                    state.open.insert(descriptor)
                    return true
                }
                guard isWanted else {
                    close(descriptor)
                    break
                }
                Thread.detachNewThread {
                    behaviour(Connection(descriptor: descriptor, log: log))
                    log.state.withLock { _ = $0.open.remove(descriptor) }
                    close(descriptor)
                }
            }
            close(listener)
        }
    }

    deinit { stop() }

    /// Stops listening and ends every connection, so that no behaviour blocks any longer.
    func stop() {
        log.state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
            shutdown(listener, Int32(SHUT_RDWR))
        }
    }

    func url(scheme: String = "http", host: String = "127.0.0.1") -> String { "\(scheme)://\(host):\(port)/api" }

    var connectionCount: Int { log.state.withLock { $0.connections } }
    /// The complete requests that were read, heads and bodies.
    var requests: [String] { log.state.withLock { $0.requests } }

    private static func listen() throws -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(descriptor, pointer, length) == 0, Glibc.listen(descriptor, 64) == 0 else { return errno }
                return getsockname(descriptor, pointer, &length) == 0 ? 0 : errno
            }
        }
        guard code == 0 else {
            close(descriptor)
            throw Failure(code: code)
        }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}

extension LoopbackServer {
    /// One connection of a client.
    struct Connection: Sendable {
        let descriptor: Int32
        let log: Log

        /// Reads one complete request with a length; nil when the client ends before that.
        @discardableResult func readRequest() -> String? {
            var bytes: [UInt8] = []
            while bytes.count < 1024 * 1024 {
                if let text = Self.complete(bytes) {
                    log.state.withLock { $0.requests.append(text) }
                    return text
                }
                var buffer = [UInt8](repeating: 0, count: 16 * 1024)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                guard count > 0 else { return nil }
                bytes += buffer[..<count]
            }
            return nil
        }

        /// Reads a request without a body, and records it.
        func readHead() {
            var bytes: [UInt8] = []
            var byte: UInt8 = 0
            while bytes.count < 64 * 1024, !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
                guard recv(descriptor, &byte, 1, 0) == 1 else { return }
                bytes.append(byte)
            }
            log.state.withLock { $0.requests.append(String(decoding: bytes, as: UTF8.self)) }
        }

        /// Writes everything; returns false when the client is gone.
        @discardableResult func write(_ text: String) -> Bool {
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }

        /// Writes `text` repeatedly, with a pause, until the client is gone or a minute has passed.
        func drip(_ text: String) {
            for _ in 0..<1200 {
                guard write(text) else { return }
                usleep(50_000)
            }
        }

        /// Waits until the client is gone.
        func waitForEnd() {
            var buffer = [UInt8](repeating: 0, count: 16 * 1024)
            while recv(descriptor, &buffer, buffer.count, 0) > 0 {}
        }

        /// Makes the coming close a reset.
        func resetAtEnd() {
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        }

        private static func complete(_ bytes: [UInt8]) -> String? {
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { return nil }
            let head = text[..<end.lowerBound].lowercased()
            let length = head.components(separatedBy: "content-length: ").dropFirst().first?.prefix { $0.isNumber }
            guard let length, let count = Int(length), text[end.upperBound...].utf8.count >= count else { return nil }
            return text
        }
    }
}
