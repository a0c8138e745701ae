import Foundation
import Glibc
import Synchronization

/// Receives webhooks on 127.0.0.1 and keeps them.
final class WebhookReceiver: Sendable {
    /// One POST.
    struct Post: Sendable {
        let head: String
        let body: String

        func header(_ name: String) -> String? {
            for line in head.components(separatedBy: "\r\n") where line.lowercased().hasPrefix(name + ": ") {
                return String(line.dropFirst(name.count + 2))
            }
            return nil
        }

        /// The body as JSON.
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any]) ?? [:]
        }

        subscript(_ key: String) -> String? { json[key] as? String }
    }

    /// The answer to a POST.
    struct Reply: Sendable {
        var status = 200
        var headers: [String] = []
        var body = ""
    }

    private struct State {
        var posts: [Post] = []
        var reply: @Sendable (Post) -> Reply = { _ in Reply(status: 204) }
    }

    private let listener: ListeningSocket
    private let state = Mutex(State())

    var url: String { "http://127.0.0.1:\(listener.port)/hook?key=very-secret-url" }
    /// The requests so far, including those that were refused.
    var posts: [Post] { state.withLock { $0.posts } }

    /// Sets the status of later answers.
    func answer(_ status: @escaping @Sendable (Post) -> Int) { reply { Reply(status: status($0)) } }

    /// Sets later answers.
    func reply(_ reply: @escaping @Sendable (Post) -> Reply) { state.withLock { $0.reply = reply } }

    init() throws {
        let listener = try ListeningSocket("receiver")
        self.listener = listener
        Thread.detachNewThread { [weak self] in
            while let connection = listener.accept() {
                self?.receive(connection)
                close(connection)
            }
            listener.close()
        }
    }

    func stop() { listener.stop() }

    private func receive(_ connection: Int32) {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while case let got = recv(connection, &buffer, buffer.count, 0), got > 0 {
            bytes += buffer[..<got]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let post = Post(head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
            guard let length = post.header("content-length").flatMap({ Int($0) }), post.body.utf8.count >= length
            else { continue }
            let reply = state.withLock { state in
                state.posts.append(post)
                return state.reply(post)
            }
            let head = ["connection: close", "content-length: \(reply.body.utf8.count)"] + reply.headers
            let answer = "HTTP/1.1 \(reply.status) Said\r\n\(head.joined(separator: "\r\n"))\r\n\r\n\(reply.body)"
            _ = Array(answer.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            return
        }
    }
}
