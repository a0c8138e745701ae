import NIOCore
import NIOHTTP1
import NIOSSL
public import Planning

/// Checks whether an endpoint can be reached, without sending a request: its name, a connection, and TLS.
public enum EndpointProbe {
    /// The result of a check that reached the endpoint.
    public struct Result: Hashable, Sendable {
        /// The address that answered.
        public let address: String
        /// The expiry of the certificate; nil without TLS.
        public let certificateEnds: Instant?
        /// True when the address is the proxy's, and nothing behind the proxy was checked.
        public let isProxy: Bool
    }

    /// The reason why the endpoint could not be reached.
    public struct Failure: Error, Hashable, Sendable {
        public let reason: OutcomeReason
        /// The network's error, one line.
        public let message: String
    }

    /// Resolves the name, connects and performs the TLS handshake as a request would, then closes the connection.
    public static func probe(
        at endpoint: Endpoint, transport: Transport, timeout: Duration
    ) async -> Swift.Result<Result, Failure> {
        do {
            let origin = try HTTPCall(.GET, to: endpoint.url, bodyLimit: 0).origin
            // Behind a proxy only the proxy itself is checked, which speaks no TLS.
            let proxy = transport.proxy.flatMap { origin.usesProxy ? $0 : nil }
            let target = proxy.map { Origin(host: $0.host, port: $0.port, isTLS: false) } ?? origin
            let connector = HTTPConnector(proxy == nil ? transport : nil, limit: timeout)
            let end = NIODeadline.now() + .milliseconds(timeout.milliseconds)
            let channel = try await connector.connect(to: target, on: EventLoops.group.next(), until: end).get()
            let expiry = try await channel.eventLoop.submit {
                // Without TLS, or a certificate, there is no date to warn of.
                (try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))?.peerCertificate
                    .map { Instant(millisecondsSinceEpoch: Int64($0.notValidAfter) * 1000) }
            }.get()
            let address = channel.remoteAddress?.ipAddress ?? "?"
            // The result of the check does not depend on how the connection ends.
            try? await channel.close().get()
            return .success(Result(address: address, certificateEnds: expiry, isProxy: proxy != nil))
        } catch HTTPCallError.invalid {
            return .failure(Failure(reason: .notSent, message: "this is no URL"))
        } catch {
            return .failure(
                Failure(
                    reason: FailureReason.beforeSending(error),
                    message: Redaction.clean(FailureReason.text(error), secrets: [], longest: 200)))
        }
    }
}
