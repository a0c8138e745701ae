import Foundation
import NIOSSL

/// A TLS server on loopback with one of the certificates in `Certificates`, which were made for these tests alone.
enum TLSServer {
    /// The certificate that the server presents.
    enum Certificate: String, CaseIterable {
        /// For localhost and 127.0.0.1, by the authority in `ca.pem`.
        case good
        /// By the same authority, for another host.
        case wrong
        /// By the same authority, expired in 2020.
        case expired
    }

    static func path(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Certificates/\(name).pem").path
    }

    static var authority: String { path("ca") }

    /// Returns the TLS context of a server that presents `certificate` and supports TLS up to `newest`.
    static func context(_ certificate: Certificate, newest: TLSVersion? = nil) throws -> NIOSSLContext {
        let chain = try NIOSSLCertificate.fromPEMFile(path(certificate.rawValue))
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: path("leaf-key"), format: .pem)))
        configuration.minimumTLSVersion = .tlsv1
        configuration.maximumTLSVersion = newest
        return try NIOSSLContext(configuration: configuration)
    }
}
