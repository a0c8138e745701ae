public import Planning

/// How one HTTP exchange ended, as it was seen, before it is judged.
public enum ExchangeEnd: Hashable, Sendable {
    /// No byte of the body left: the vendor cannot have acted. The reason is one of those that never left.
    case notSent(OutcomeReason, message: String)
    /// The body may have left, and no complete answer came within the time limit.
    case timedOut
    /// The body may have left, and the connection failed before an answer's head.
    case lost(message: String)
    /// An answer's head came.
    case answered(Answer)

    /// An answer, or what there is of it.
    public struct Answer: Hashable, Sendable {
        /// What came of the answer's body.
        public enum Body: Hashable, Sendable {
            case complete([UInt8])
            /// The connection failed before the end.
            case truncated(message: String)
            /// It did not end within the time limit.
            case timedOut
            /// It was larger than the limit; the rest was not read.
            case oversized
        }

        public let status: Int
        /// The `Retry-After` header as it stands.
        public let retryAfter: String?
        public let body: Body

        public init(status: Int, retryAfter: String? = nil, body: Body) {
            self.status = status
            self.retryAfter = retryAfter
            self.body = body
        }
    }
}
