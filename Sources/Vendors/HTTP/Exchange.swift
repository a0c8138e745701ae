import NIOCore
import NIOHTTP1
import NIOSSL
public import Planning

/// The observed end of one HTTP exchange, before it is classified.
public enum ExchangeEnd: Hashable, Sendable {
    /// No byte of the body was sent: the vendor cannot have acted. `OutcomeReason.neverSent` is true for the reason.
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

extension ExchangeEnd {
    /// How a call ended, as it is judged. A failure before the first byte was written is known to have done nothing.
    init(_ end: HTTPCallEnd) {
        switch (end.head, end.failure) {
        case (let head?, nil): self = .answered(Answer(head, .complete(Array(end.body.readableBytesView))))
        case (let head?, let error?): self = .answered(Answer(head, .remains(of: end.body, head, after: error)))
        case (nil, nil): self = .lost(message: "the answer has no head")
        case (nil, let error?) where !end.hasLeft:
            self = .notSent(FailureReason.beforeSending(error), message: FailureReason.text(error))
        case (nil, let error?):
            self = FailureReason.isTimeout(error) ? .timedOut : .lost(message: FailureReason.text(error))
        }
    }
}

extension ExchangeEnd.Answer {
    fileprivate init(_ head: HTTPResponseHead, _ body: Body) {
        self.init(
            status: Int(head.status.code), retryAfter: head.headers.first(name: "retry-after"),
            date: head.headers.first(name: "date"), body: body)
    }
}

extension ExchangeEnd.Answer.Body {
    /// The rest of an answer whose body did not end in order.
    fileprivate static func remains(of body: ByteBuffer, _ head: HTTPResponseHead, after error: any Error) -> Self {
        if (error as? HTTPCallError) == .oversized { return .oversized }
        if isEndWithoutCloseNotify(error), !head.headers.contains(name: "content-length"),
            !head.headers.contains(name: "transfer-encoding")
        {
            // Only the connection's end tells where such a body ends, and without TLS's own word for it the body may
            // have been cut. One that is a whole JSON object was not.
            let bytes = Array(body.readableBytesView)
            if JSONObject(bytes) != nil { return .complete(bytes) }
        }
        let isGivenUp = FailureReason.isTimeout(error) || (error as? HTTPCallError) == .cancelled
        return isGivenUp ? .timedOut : .truncated(message: FailureReason.text(error))
    }

    /// Whether the peer closed a TLS connection without saying so in TLS.
    private static func isEndWithoutCloseNotify(_ error: any Error) -> Bool {
        (error as? NIOSSLError) == .uncleanShutdown
    }
}
