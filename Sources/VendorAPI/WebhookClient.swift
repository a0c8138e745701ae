import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import Planning

/// Posts words to other systems. It follows no redirect and keeps no cookie.
public final class WebhookClient: Sendable {
    /// Why a post did not arrive, or may not have.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// One line, without the URL, which may be a secret.
        public let description: String
    }

    private let client: HTTPClient
    private let proxied: HTTPClient?
    private let userAgent: String

    /// - Parameters:
    ///   - userAgent: who posts, with a version.
    ///   - transport: whose certificates are trusted, and the proxy.
    public init(userAgent: String, transport: Transport) {
        self.userAgent = userAgent
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = transport.tls
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.connectionPool.idleTimeout = .seconds(10)
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        proxied = transport.proxy.map { proxy in
            configuration.proxy = .server(host: proxy.host, port: proxy.port)
            return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        }
    }

    /// Posts `body` to `url`; throws ``Failure`` unless the answer's status is 2xx within `timeout`.
    public func post(
        _ body: String, to url: String, headers: [(String, String)], timeout: Duration
    ) async throws(Failure) {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers = HTTPHeaders(
            [("content-type", "application/json"), ("user-agent", userAgent)] + headers)
        request.body = .bytes(ByteBuffer(string: body))
        let chosen = Transport.isDirect(url) ? client : proxied ?? client
        let response: HTTPClientResponse
        do {
            response = try await chosen.execute(request, timeout: .milliseconds(timeout.milliseconds))
        } catch {
            throw Failure(description: FailureReason.text(error))
        }
        guard !(200..<300).contains(response.status.code) else { return }
        throw Failure(description: "the answer was \(response.status.code) \(response.status.reasonPhrase)")
    }

    /// Closes all connections. Nothing may be posted afterwards.
    public func shutdown() async {
        // A connection that does not close in order is closed all the same.
        try? await client.shutdown()
        try? await proxied?.shutdown()
    }
}
