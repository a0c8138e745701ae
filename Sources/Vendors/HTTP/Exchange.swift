import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL
public import Planning
import Synchronization

/// One request in flight, and the part of its answer that has arrived.
///
/// It records whether the client asked for the body. Errors cannot distinguish a connection that failed before the
/// request from one that failed after it; but a body that was never asked for was never sent. A request without a body
/// is sent with its head.
final class Exchange: HTTPClientResponseDelegate {
    typealias Response = Void

    /// The answer is longer than the limit.
    private struct Oversized: Error {}

    private struct State {
        var hasLeft = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
    }

    private let state = Mutex(State())
    private let content: [UInt8]

    /// - Parameter content: the body of the request; empty for none.
    init(body content: [UInt8]) { self.content = content }

    /// The body of the request, of known length; nil for none.
    var body: HTTPClient.Body? {
        guard !content.isEmpty else { return nil }
        return .stream(contentLength: Int64(content.count)) { writer in
            self.state.withLock { $0.hasLeft = true }
            return writer.write(.byteBuffer(ByteBuffer(bytes: self.content)))
        }
    }

    // MARK: Callbacks of the client

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        if content.isEmpty { state.withLock { $0.hasLeft = true } }
    }

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        // An announced length over the limit need not be waited for.
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return announced > HTTPVendorClient.bodyLimit
            ? task.eventLoop.makeFailedFuture(Oversized()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let isTooLong = state.withLock { state in
            guard state.body.readableBytes + part.readableBytes <= HTTPVendorClient.bodyLimit else { return true }
            state.body.writeImmutableBuffer(part)
            return false
        }
        return isTooLong
            ? task.eventLoop.makeFailedFuture(Oversized()) : task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}

    // MARK: The end

    /// Returns the end of the exchange, when the client has finished with it.
    func end(_ result: Result<Void, any Error>) -> ExchangeEnd {
        let state = state.withLock { $0 }
        switch result {
        case .success:
            guard let head = state.head else { return .lost(message: "the answer has no head") }
            return .answered(answer(head, .complete(Array(state.body.readableBytesView))))
        case .failure(let error):
            if let head = state.head {
                return .answered(answer(head, Self.remains(of: state.body, head, after: error)))
            }
            guard state.hasLeft else {
                return .notSent(FailureReason.beforeSending(error), message: FailureReason.text(error))
            }
            return FailureReason.isTimeout(error) ? .timedOut : .lost(message: FailureReason.text(error))
        }
    }

    private func answer(_ head: HTTPResponseHead, _ body: ExchangeEnd.Answer.Body) -> ExchangeEnd.Answer {
        ExchangeEnd.Answer(
            status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"),
            date: head.headers.first(name: "date"), body: body)
    }

    /// Returns the usable part of an answer whose body did not end in order.
    private static func remains(
        of body: ByteBuffer, _ head: HTTPResponseHead, after error: any Error
    ) -> ExchangeEnd.Answer.Body {
        if error is Oversized { return .oversized }
        if isEndWithoutCloseNotify(error), !head.headers.contains(name: "content-length"),
            !head.headers.contains(name: "transfer-encoding")
        {
            // Only the end of the connection marks the end of such a body, and without TLS's close notification the
            // body may have been cut. A body that is a complete JSON object was not cut.
            let bytes = Array(body.readableBytesView)
            if JSONObject(bytes) != nil { return .complete(bytes) }
        }
        let isGivenUp = FailureReason.isTimeout(error) || (error as? HTTPClientError) == .cancelled
        return isGivenUp ? .timedOut : .truncated(message: FailureReason.text(error))
    }

    /// Returns whether the peer closed a TLS connection without the close notification of TLS.
    private static func isEndWithoutCloseNotify(_ error: any Error) -> Bool {
        (error as? NIOSSLError) == .uncleanShutdown
    }
}

/// The observed end of one HTTP exchange, before it is classified.
public enum ExchangeEnd: Hashable, Sendable {
    /// No byte of the body was sent: the vendor cannot have acted. ``OutcomeReason/neverLeft`` is true for the reason.
    case notSent(OutcomeReason, message: String)
    /// The body may have been sent, and no complete answer arrived before the timeout.
    case timedOut
    /// The body may have been sent, and the connection failed before an answer's head.
    case lost(message: String)
    /// An answer's head arrived.
    case answered(Answer)

    /// An answer, complete or partial.
    public struct Answer: Hashable, Sendable {
        /// The received part of the answer's body.
        public enum Body: Hashable, Sendable {
            case complete([UInt8])
            /// The connection failed before the end.
            case truncated(message: String)
            /// The body did not end before the timeout.
            case timedOut
            /// The body was larger than the limit; the rest was not read.
            case oversized
        }

        public let status: Int
        /// The `Retry-After` header, unparsed.
        public let retryAfter: String?
        /// The `Date` header, unparsed.
        public let date: String?
        public let body: Body

        public init(status: Int, retryAfter: String? = nil, date: String? = nil, body: Body) {
            self.status = status
            self.retryAfter = retryAfter
            self.date = date
            self.body = body
        }
    }
}
