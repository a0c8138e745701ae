import AsyncHTTPClient
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
public import Planning

/// Sends requests to the vendor and says how each ended. It never retries.
///
/// Redirects are not followed, bodies not decompressed, proxies used only when ``Transport`` names one. The whole
/// request, from the connection to the answer's last byte, is under one time limit.
public final class HTTPVendorClient: Sendable {
    /// The largest answer body that is read, in bytes.
    public static let bodyLimit = 64 * 1024

    private let client: HTTPClient
    /// For everything but loopback, when there is a proxy.
    private let proxied: HTTPClient?
    private let requestTimeout: Duration
    private let userAgent: String

    /// A client with connections of its own, which are kept and used again.
    ///
    /// - Parameters:
    ///   - requestTimeout: the time that one request may take.
    ///   - connectTimeout: the part of it that connecting may take.
    ///   - userAgent: who asks, with a version, such as `twostepd/1.0.0`.
    ///   - transport: whose certificates are trusted, and the proxy.
    public init(
        requestTimeout: Duration, connectTimeout: Duration = .seconds(5), userAgent: String = "twostepd",
        transport: Transport = Transport()
    ) {
        self.requestTimeout = requestTimeout
        self.userAgent = userAgent
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = transport.tls
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout = .init(connect: .milliseconds(min(connectTimeout, requestTimeout).milliseconds))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 64
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        proxied = transport.proxy.map { proxy in
            configuration.proxy = .server(host: proxy.host, port: proxy.port)
            return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        }
    }

    /// Closes all connections. No request may be sent afterwards.
    public func shutdown() async {
        // A connection that does not close in order is closed all the same.
        try? await client.shutdown()
        try? await proxied?.shutdown()
    }

    private func client(for url: String) -> HTTPClient {
        guard let proxied, !Transport.isDirect(url) else { return client }
        return proxied
    }

    /// Sends one request, once, and judges its end. `others` are the secrets of all other numbers, which no message may
    /// show either.
    public func send(_ request: VendorRequest, hiding others: SecretIndex = SecretIndex()) async -> Outcome {
        let end = await exchange(request)
        return ResponseClassifier.classify(end, now: Self.now(), secrets: request.secrets, others: others)
    }

    private func exchange(_ request: VendorRequest) async -> ExchangeEnd {
        guard !Task.isCancelled else { return .notSent(.notSent, message: "cancelled") }
        guard Self.hasPossiblePort(request.endpoint.url) else {
            return .notSent(.notSent, message: "the endpoint's port is not a number from 1 to 65535")
        }
        // The reader of the file refuses this too; a store that somebody edited does not go through that reader.
        guard Transport.isEncryptedOrLocal(request.endpoint.url) else {
            return .notSent(
                .notSent, message: "the endpoint is neither https nor on loopback: the token would be readable")
        }
        let body = WatchedBody(request.body)
        var message = HTTPClientRequest(url: request.endpoint.url)
        message.method = .POST
        message.headers = HTTPHeaders([
            ("content-type", "application/json"), ("accept", "application/json"), ("user-agent", userAgent),
        ])
        message.body = .stream(body, length: .known(Int64(body.bytes.count)))
        let limit = TimeAmount.milliseconds(requestTimeout.milliseconds)
        let client = client(for: request.endpoint.url)
        let work = Task { [message] in await Self.perform(message, client, deadline: .now() + limit) }
        let isOver = Flag()
        // A timer of the event loop, not a sleeping task: an idle daemon must not wake.
        let timer = client.eventLoopGroup.any().scheduleTask(in: limit) {
            isOver.set()
            work.cancel()
        }
        let result = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            work.cancel()
        }
        timer.cancel()
        switch result {
        case .success(let answer): return .answered(answer)
        case .failure(let error):
            guard body.wasPulled else {
                return .notSent(
                    FailureReason.beforeSending(error, timedOut: isOver.isSet), message: FailureReason.text(error))
            }
            return isOver.isSet || FailureReason.isTimeout(error)
                ? .timedOut : .lost(message: FailureReason.text(error))
        }
    }

    /// Head and body of the answer, or the error that came before the head.
    private static func perform(
        _ message: HTTPClientRequest, _ client: HTTPClient, deadline: NIODeadline
    ) async -> Result<ExchangeEnd.Answer, any Error> {
        let response: HTTPClientResponse
        do {
            response = try await client.execute(message, deadline: deadline)
        } catch {
            return .failure(error)
        }
        let body: ExchangeEnd.Answer.Body
        do {
            let buffer = try await response.body.collect(upTo: bodyLimit)
            body = .complete(Array(buffer.readableBytesView))
        } catch is NIOTooManyBytesError {
            body = .oversized
        } catch {
            body =
                Task.isCancelled || FailureReason.isTimeout(error)
                ? .timedOut : .truncated(message: FailureReason.text(error))
        }
        return .success(
            ExchangeEnd.Answer(
                status: Int(response.status.code), retryAfter: response.headers.first(name: "retry-after"), body: body))
    }

    /// Whether a URL has no port, or one that there can be: the network library ends the process over any other.
    private static func hasPossiblePort(_ url: String) -> Bool {
        guard let port = URL(string: url)?.port else { return true }
        return (1...65_535).contains(port)
    }

    private static func now() -> Instant {
        var time = timespec()
        guard clock_gettime(CLOCK_REALTIME, &time) == 0 else { return .distantPast }
        return Instant(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }
}
