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

    private let connections: Connections
    private let userAgent: String

    /// - Parameters:
    ///   - userAgent: who posts, with a version.
    ///   - transport: whose certificates are trusted, and the proxy.
    public init(userAgent: String, transport: Transport) {
        self.userAgent = userAgent
        connections = Connections(transport) { $0.connectionPool.idleTimeout = .seconds(10) }
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
        let response: HTTPClientResponse
        do {
            response = try await connections.client(isDirect: Transport.isDirect(url))
                .execute(request, timeout: .milliseconds(timeout.milliseconds))
        } catch {
            throw Failure(description: FailureReason.text(error))
        }
        guard !(200..<300).contains(response.status.code) else { return }
        throw Failure(description: "the answer was \(response.status.code) \(response.status.reasonPhrase)")
    }

    /// Closes all connections. Nothing may be posted afterwards.
    public func shutdown() async { await connections.shutdown() }
}
