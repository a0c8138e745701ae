import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import Planning
import Synchronization

/// Posts words to other systems. It follows no redirect and keeps no cookie.
public final class WebhookClient: Sendable {
    /// Why a post did not arrive, or may not have.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// Without the URL, which may be a secret. It may quote the answer as it came: it is neither redacted nor cut.
        public let description: String
        /// How long the receiver asks to wait, an hour at most; nil when it does not.
        public var retryAfter: Duration?
        /// Whether that wait is for everything that is posted to this receiver.
        public var isOverloaded = false
    }

    /// How much of an answer's body is read, in bytes.
    private static let bodyLimit = 64 * 1024

    private let connections: Connections
    private let userAgent: String

    /// - Parameters:
    ///   - userAgent: who posts, with a version.
    ///   - transport: whose certificates are trusted, and the proxy.
    public init(userAgent: String, transport: Transport) {
        self.userAgent = userAgent
        connections = Connections(transport) { $0.connectionPool.idleTimeout = .seconds(10) }
    }

    /// Posts `body` to `url`; throws ``Failure`` unless an answer comes within `timeout` whose status is 2xx, and whose body,
    /// when there is a `failureText`, comes whole and does not contain it.
    public func post(
        _ body: String, to url: String, headers: [(String, String)], failureText: String? = nil, timeout: Duration,
        now: Instant
    ) async throws(Failure) {
        let exchange = WebhookExchange(bodyLimit: Self.bodyLimit)
        var header = HTTPHeaders([("content-type", "application/json"), ("user-agent", userAgent)])
        header.add(contentsOf: headers)
        var problem: String?
        do {
            let request = try HTTPClient.Request(url: url, method: .POST, headers: header, body: .string(body))
            // The deadline is that of the whole exchange: an answer that drips in does not prolong it.
            let task = connections.client(isDirect: Transport.isDirect(url))
                .execute(request: request, delegate: exchange, deadline: .now() + .milliseconds(timeout.milliseconds))
            try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            problem = FailureReason.text(error)
        }
        try exchange.answer.check(problem, failureText: failureText, now: now)
    }

    /// Closes all connections. Nothing may be posted afterwards.
    public func shutdown() async { await connections.shutdown() }
}

/// The answer to one post, as far as it is read.
private final class WebhookExchange: HTTPClientResponseDelegate {
    typealias Response = Void

    struct Answer {
        var head: HTTPResponseHead?
        var body = ByteBuffer()

        /// Throws unless the post was delivered.
        ///
        /// - Parameters:
        ///   - problem: why the answer is not complete; nil when it is.
        ///   - failureText: what means failure in the body of a status of 2xx.
        ///   - now: what a date in `Retry-After` is compared with.
        func check(_ problem: String?, failureText: String?, now: Instant) throws(WebhookClient.Failure) {
            guard let head else {
                throw WebhookClient.Failure(description: problem ?? "the answer has no status")
            }
            let text = String(decoding: body.readableBytesView, as: UTF8.self)
            let status = "the answer was \(head.status.code) \(head.status.reasonPhrase)"
            let quote = text.isEmpty ? "" : ": \(text)"
            guard (200..<300).contains(head.status.code) else {
                throw WebhookClient.Failure(
                    description: status + quote,
                    retryAfter: head.headers.first(name: "retry-after").flatMap { RetryAfter.delay($0, now: now) },
                    isOverloaded: [429, 503].contains(head.status.code))
            }
            guard let failureText else { return }
            if text.contains(failureText) {
                throw WebhookClient.Failure(description: "\(status), and its text means failure\(quote)")
            }
            // The part that is missing may be the one that says so.
            if let problem { throw WebhookClient.Failure(description: problem) }
        }
    }

    private let state = Mutex(Answer())
    private let bodyLimit: Int

    init(bodyLimit: Int) { self.bodyLimit = bodyLimit }

    var answer: Answer { state.withLock { $0 } }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    /// Keeps the beginning, where an answer says that something failed.
    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        state.withLock { state in
            let room = bodyLimit - state.body.readableBytes
            guard room > 0, let kept = part.getSlice(at: part.readerIndex, length: min(room, part.readableBytes))
            else { return }
            state.body.writeImmutableBuffer(kept)
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}
}
