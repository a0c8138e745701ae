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
            let loop = EventLoops.group.next()
            let origin = try HTTPCall(.GET, to: endpoint.url, bodyLimit: 0).origin
            let end = NIODeadline.now() + .milliseconds(timeout.milliseconds)
            if let proxy = transport.proxy, origin.usesProxy {
                let gate = Origin(host: proxy.host, port: proxy.port, isTLS: false)
                let connector = HTTPConnector(Transport(), limit: timeout)
                let channel = try await connector.connect(to: gate, on: loop, until: end).get()
                return .success(try await close(channel, certificateEnds: nil, isProxy: true))
            }
            let channel = try await HTTPConnector(transport, limit: timeout)
                .connect(to: origin, on: loop, until: end).get()
            let ends = try await channel.eventLoop.submit {
                // Without TLS, or a certificate, there is no date to warn of.
                (try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))?.peerCertificate
                    .map { Instant(millisecondsSinceEpoch: Int64($0.notValidAfter) * 1000) }
            }.get()
            return .success(try await close(channel, certificateEnds: ends, isProxy: false))
        } catch let error as HTTPCallError where error.isInvalid {
            return .failure(Failure(reason: .notSent, message: "this is no URL"))
        } catch {
            return .failure(
                Failure(
                    reason: FailureReason.beforeSending(error),
                    message: Redaction.clean(FailureReason.text(error), secrets: [], longest: 200)))
        }
    }

    private static func close(
        _ channel: any Channel, certificateEnds: Instant?, isProxy: Bool
    ) async throws -> Result {
        let address = channel.remoteAddress?.ipAddress ?? "?"
        // The result of the check does not depend on how the connection ends.
        try? await channel.close().get()
        return Result(address: address, certificateEnds: certificateEnds, isProxy: isProxy)
    }
}
