import NIOCore
import NIOHTTP1
public import Planning

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

    private let connections: HTTPConnections
    private let userAgent: String

    /// - Parameters:
    ///   - userAgent: the user agent, with a version.
    ///   - transport: the trusted certificates, and the proxy.
    public init(userAgent: String, transport: Transport) {
        self.userAgent = userAgent
        var limits = HTTPConnections.Limits()
        limits.idle = .seconds(10)
        connections = HTTPConnections(transport, limits)
    }

    /// Posts `body` to `url`. Throws ``Failure`` unless an answer with a 2xx status arrives within `timeout`, and, when
    /// there is a `failureText`, its body is complete and does not contain that text.
    public func post(
        _ body: String, to url: String, headers: [(String, String)], failureText: String? = nil, timeout: Duration,
        now: Instant
    ) async throws(Failure) {
        var call: HTTPCall
        do {
            call = try HTTPCall(.POST, to: url, bodyLimit: Self.bodyLimit)
            call.excess = .isDropped
            call.body = Array(body.utf8)
            try call.add("content-type", "application/json")
            try call.add("user-agent", userAgent)
            for (name, value) in headers { try call.add(name, value) }
        } catch {
            throw Failure(description: "the URL cannot be called: \(error)")
        }
        try Self.check(await connections.end(of: call, within: timeout), failureText: failureText, now: now)
    }

    /// Throws unless the post was delivered.
    ///
    /// - Parameters:
    ///   - failureText: what means failure in the body of a status of 2xx.
    ///   - now: what a date in `Retry-After` is compared with.
    private static func check(_ end: HTTPCallEnd, failureText: String?, now: Instant) throws(Failure) {
        let problem = end.failure.map(FailureReason.text)
        guard let head = end.head else { throw Failure(description: problem ?? "the answer has no status") }
        let text = String(decoding: end.body.readableBytesView, as: UTF8.self)
        let status = "the answer was \(head.status.code) \(head.status.reasonPhrase)"
        let quote = text.isEmpty ? "" : ": \(text)"
        guard (200..<300).contains(head.status.code) else {
            throw Failure(
                description: status + quote,
                retryAfter: head.headers.first(name: "retry-after").flatMap { RetryAfter.delay($0, now: now) },
                isOverloaded: [429, 503].contains(head.status.code))
        }
        guard let failureText else { return }
        if text.contains(failureText) {
            throw Failure(description: "\(status), and its text contains failure_text\(quote)")
        }
        // The part that is missing may be the one that says so.
        if let problem { throw Failure(description: problem) }
    }

    /// Closes all connections. Nothing may be posted afterwards.
    public func shutdown() async { await connections.shutdown() }
}
