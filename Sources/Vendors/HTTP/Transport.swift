import AsyncHTTPClient
import Foundation
import NIOSSL
import Planning

/// How the vendor is reached: TLS 1.2 or later with certificate and host name verified, and a proxy only when told so.
public struct Transport: Sendable {
    /// An HTTP proxy that takes `CONNECT`; the TLS connection inside goes to the vendor itself.
    public struct Proxy: Hashable, Sendable {
        public let host: String
        public let port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The proxy for everything but loopback; nil for none, whatever the environment says.
    public let proxy: Proxy?
    private let certificates: [NIOSSLCertificate]

    /// The system's certificate authorities and no proxy.
    public init() {
        proxy = nil
        certificates = []
    }

    /// - Parameters:
    ///   - caFile: a PEM file of certificate authorities that are trusted beside the system's; nil for none.
    ///   - proxy: for everything but loopback.
    public init(caFile: String?, proxy: Proxy?) throws(TransportError) {
        self.proxy = proxy
        guard let caFile else {
            certificates = []
            return
        }
        do {
            certificates = try NIOSSLCertificate.fromPEMFile(caFile)
        } catch {
            throw .unusableCertificates(path: caFile)
        }
        guard !certificates.isEmpty else { throw .unusableCertificates(path: caFile) }
    }

    /// What every TLS connection to a vendor is held to.
    var tls: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if !certificates.isEmpty { configuration.additionalTrustRoots = [.certificates(certificates)] }
        return configuration
    }

    /// Whether what is sent to `url` cannot be read on the way.
    static func isEncryptedOrLocal(_ url: String) -> Bool {
        guard let parts = URL(string: url), let scheme = parts.scheme?.lowercased(), let host = parts.host else {
            return false
        }
        return scheme == "https" || scheme == "http" && LoopbackHost.contains(host)
    }

    /// Whether a URL has no port, or one that there can be: the network library ends the process over any other.
    static func hasPossiblePort(_ url: String) -> Bool {
        guard let port = URL(string: url)?.port else { return true }
        return (1...65_535).contains(port)
    }

    /// Whether `url` is reached directly although there is a proxy.
    static func isDirect(_ url: String) -> Bool {
        guard let host = URLComponents(string: url)?.host else { return true }
        return LoopbackHost.contains(host)
    }
}

/// Why the vendor cannot be reached as the settings say.
public enum TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file is missing, not readable, or holds no certificate.
    case unusableCertificates(path: String)

    public var description: String {
        switch self {
        case .unusableCertificates(let path):
            "'ca_file' \(path) cannot be read, or holds no PEM certificate: correct or remove the setting"
        }
    }
}

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
        direct = HTTPClient(eventLoopGroupProvider: .shared(EventLoops.group), configuration: configuration)
        proxied = transport.proxy.map { proxy in
            configuration.proxy = .server(host: proxy.host, port: proxy.port)
            return HTTPClient(eventLoopGroupProvider: .shared(EventLoops.group), configuration: configuration)
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
