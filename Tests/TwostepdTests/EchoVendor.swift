import Foundation
import Glibc
import Synchronization

/// A vendor that refuses every request and discloses all it knows: the request, and the tokens of other customers.
final class EchoVendor: Sendable {
    private let listener: ListeningSocket
    private let count = Mutex(0)

    var url: String { "http://127.0.0.1:\(listener.port)/api" }
    /// The count of requests that it answered.
    var answers: Int { count.withLock { $0 } }

    /// - Parameter gossip: a text in every answer, beside the request itself.
    init(gossip: String) throws {
        let listener = try ListeningSocket("echo vendor")
        self.listener = listener
        Thread.detachNewThread { [weak self] in
            while let connection = listener.accept() {
                self?.answer(connection, gossip)
                close(connection)
            }
            listener.close()
        }
    }

    func stop() { listener.stop() }

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
