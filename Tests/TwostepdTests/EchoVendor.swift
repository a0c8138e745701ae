import Foundation
import Glibc
import Synchronization

/// A vendor that refuses every request and tells whatever it knows: the request, and the tokens of other customers.
final class EchoVendor: Sendable {
    private let listener: Int32
    private let port: UInt16
    private let count = Mutex(0)

    var url: String { "http://127.0.0.1:\(port)/api" }
    /// How many requests it answered.
    var answers: Int { count.withLock { $0 } }

    /// - Parameter gossip: said in every answer, beside the request itself.
    init(gossip: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        guard isOpen else { throw TestFailure("no echo vendor: \(String(cString: strerror(errno)))") }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            while case let connection = accept(listener, nil, nil), connection >= 0 {
                self?.answer(connection, gossip)
                close(connection)
            }
        }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func answer(_ connection: Int32, _ gossip: String) {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while !text.hasSuffix("}"), case let got = recv(connection, &buffer, buffer.count, 0), got > 0 {
            text += String(decoding: buffer[..<got], as: UTF8.self)
        }
        let body = text.components(separatedBy: "\r\n\r\n").last ?? ""
        let message = "no: \(body) nor \(gossip)".replacing("\"", with: "'").replacing("\\", with: "")
        let json = "{\"status\":404,\"message\":\"\(message)\"}"
        let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: \(json.utf8.count)\r\n\r\n\(json)"
        _ = Array(answer.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        count.withLock { $0 += 1 }
    }
}
