import AsyncHTTPClient

/// Connections to whatever is called: direct ones, and when there is a proxy, those through it.
///
/// No redirect is followed, no body is decompressed, and HTTP is 1.1.
struct Connections: Sendable {
    private let direct: HTTPClient
    /// For everything but loopback.
    private let proxied: HTTPClient?

    /// - Parameter adjust: what else is to be so.
    init(_ transport: Transport, _ adjust: (inout HTTPClient.Configuration) -> Void) {
        var configuration = HTTPClient.Configuration()
        configuration.tlsConfiguration = transport.tls
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        adjust(&configuration)
        direct = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        proxied = transport.proxy.map { proxy in
            configuration.proxy = .server(host: proxy.host, port: proxy.port)
            return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        }
    }

    /// - Parameter isDirect: as ``Transport/isDirect(_:)`` has it of the URL.
    func client(isDirect: Bool) -> HTTPClient { isDirect ? direct : proxied ?? direct }

    /// Closes all of them. Nothing may be sent afterwards.
    func shutdown() async {
        // A connection that does not close in order is closed all the same.
        try? await direct.shutdown()
        try? await proxied?.shutdown()
    }
}
