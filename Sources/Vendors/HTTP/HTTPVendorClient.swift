import Glibc
import NIOCore
public import Planning

/// Sends requests to vendors and reports how each ended. It never retries.
///
/// Redirects are not followed, bodies not decompressed, and proxies used only when ``Transport`` names one. One timeout
/// covers the whole request, from the connection to the answer's last byte.
public final class HTTPVendorClient: Sendable {
    /// The maximum size of an answer's body, in bytes.
    public static let bodyLimit = 64 * 1024

    private let connections: HTTPConnections
    private let requestTimeout: Duration
    private let routes: RouteTable

    /// Creates a client with connections of its own, which are kept and reused.
    ///
    /// - Parameters:
    ///   - requestTimeout: the timeout of one request.
    ///   - connectTimeout: the timeout of connecting, as a part of it.
    ///   - userAgent: the user agent with a version, such as `twostepd/1.0.0`.
    ///   - transport: the trusted certificates, and the proxy.
    public init(
        requestTimeout: Duration, connectTimeout: Duration = .seconds(5), userAgent: String = "twostepd",
        transport: Transport = Transport()
    ) {
        self.requestTimeout = requestTimeout
        routes = RouteTable(userAgent: userAgent)
        var limits = HTTPConnections.Limits()
        limits.connect = min(connectTimeout, requestTimeout)
        connections = HTTPConnections(transport, limits)
    }

    /// Closes all connections. No request may be sent afterwards.
    public func shutdown() async { await connections.shutdown() }

    /// Sends one request, once, and classifies its end.
    ///
    /// - Parameters:
    ///   - request: the request and its endpoint.
    ///   - others: the secrets of all other numbers, which no message may contain either.
    ///   - completion: receives the outcome once, on a thread of the network's.
    public func send(
        _ request: VendorRequest, hiding others: SecretIndex, completion: @escaping @Sendable (Outcome) -> Void
    ) {
        execute(to: request.endpoint) { () throws(RequestRefusal) in
            try request.vendor.api.content(of: request)
        } end: { end in
            completion(
                ResponseClassifier.classify(
                    end, of: request.vendor, now: Self.now(), secrets: request.secrets, others: others))
        }
    }

    /// Asks one question, once, and classifies its end; changes nothing.
    ///
    /// - Parameters:
    ///   - request: the question and its endpoint.
    ///   - others: the secrets of all other numbers, which no message may contain either.
    ///   - completion: receives the answer once, on a thread of the network's.
    public func observe(
        _ request: ObservationRequest, hiding others: SecretIndex,
        completion: @escaping @Sendable (ObserverAnswer) -> Void
    ) {
        execute(to: request.endpoint) { () throws(RequestRefusal) in
            try request.content()
        } end: { end in
            completion(request.answer(end, now: Self.now(), hiding: others))
        }
    }

    /// Performs one exchange.
    ///
    /// - Parameters:
    ///   - content: builds the request.
    ///   - end: receives the end of the exchange, once.
    private func execute(
        to endpoint: Endpoint, _ content: () throws(RequestRefusal) -> RequestContent,
        end: @escaping @Sendable (ExchangeEnd) -> Void
    ) {
        let call: HTTPCall
        do throws(RequestRefusal) {
            let content = try content()
            call = try routes.route(to: endpoint).call(for: content)
        } catch {
            return end(.notSent(.notSent, message: error.message))
        }
        let deadline = NIODeadline.now() + .milliseconds(requestTimeout.milliseconds)
        connections.send(HTTPTransaction(call, deadline: deadline) { end(ExchangeEnd($0)) })
    }

    private static func now() -> Instant {
        var time = timespec()
        guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return .distantPast }
        return Instant(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
