import NIOSSL

/// The transport to a vendor: TLS 1.2 or later with certificate and host name verified, and a proxy only when
/// configured.
public struct Transport: Sendable {
    /// An HTTP proxy that supports `CONNECT`; the TLS connection inside goes to the vendor itself.
    public struct Proxy: Hashable, Sendable {
        public let host: String
        public let port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// The proxy for everything but loopback; nil for none, whatever the environment.
    public let proxy: Proxy?
    private let certificates: [NIOSSLCertificate]

    /// Creates a transport with the system's certificate authorities and no proxy.
    public init() {
        proxy = nil
        certificates = []
    }

    /// - Parameters:
    ///   - caFile: a PEM file of certificate authorities to trust in addition to the system's; nil for none.
    ///   - proxy: the proxy for everything but loopback; nil for none.
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

    /// The requirements on every TLS connection to a vendor.
    var tls: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.certificateVerification = .fullVerification
        if !certificates.isEmpty { configuration.additionalTrustRoots = [.certificates(certificates)] }
        return configuration
    }
}

/// The reason why the vendor cannot be reached with these settings.
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
