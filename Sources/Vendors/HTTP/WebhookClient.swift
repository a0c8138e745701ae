import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
public import Planning
import Synchronization

/// Posts notifications to other systems. It follows no redirect and keeps no cookie.
public final class WebhookClient: Sendable {
    /// The reason why a notification was not delivered, or may not have been.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The failure without the URL, which may be a secret. It may quote the answer, neither redacted nor cut.
        public let description: String
        /// The wait that the receiver asks for, an hour at most; nil when it asks for none.
        public var retryAfter: Duration?
        /// True when that wait applies to everything that is posted to this receiver.
        public var isOverloaded = false
    }

    /// The maximum size of an answer's body, in bytes; the rest is not read.
    private static let bodyLimit = 64 * 1024

    private let connections: Connections
    private let userAgent: String

    /// - Parameters:
    ///   - userAgent: the user agent, with a version.
    ///   - transport: the trusted certificates, and the proxy.
    public init(userAgent: String, transport: Transport) {
        self.userAgent = userAgent
        connections = Connections(transport) { $0.connectionPool.idleTimeout = .seconds(10) }
    }

    /// Posts `body` to `url`. Throws ``Failure`` unless an answer with a 2xx status arrives within `timeout`, and, when
    /// there is a `failureText`, its body is complete and does not contain that text.
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
            // The deadline covers the whole exchange: an answer that arrives in small pieces does not extend it.
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

/// The answer to one notification, as far as it is read.
private final class WebhookExchange: HTTPClientResponseDelegate {
    typealias Response = Void

    struct Answer {
        var head: HTTPResponseHead?
        var body = ByteBuffer()

        /// Throws unless the notification was delivered.
        ///
        /// - Parameters:
        ///   - problem: the reason why the answer is not complete; nil when it is.
        ///   - failureText: the text that means failure in the body of a 2xx answer.
        ///   - now: the reference for a date in `Retry-After`.
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
                throw WebhookClient.Failure(description: "\(status), and its text contains failure_text\(quote)")
            }
            // The missing part may contain that text.
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

    /// Keeps the beginning of the body, where a failure is reported.
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
