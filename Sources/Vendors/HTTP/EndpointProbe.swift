import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
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
    public static func look(
        at endpoint: Endpoint, transport: Transport, timeout: Duration
    ) async -> Swift.Result<Result, Failure> {
        guard let parts = URLComponents(string: endpoint.url), let host = parts.host,
            Transport.hasPossiblePort(endpoint.url)
        else {
            return .failure(Failure(reason: .notSent, message: "this is not a URL"))
        }
        let isTLS = parts.scheme?.lowercased() == "https"
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        do {
            if let proxy = transport.proxy, !Transport.isDirect(endpoint.url) {
                let channel = try await connect(proxy.host, proxy.port, timeout) { $0 }
                return .success(try await close(channel, certificateEnds: nil, isProxy: true))
            }
            let port = parts.port ?? (isTLS ? 443 : 80)
            guard isTLS else {
                let channel = try await connect(bare, port, timeout) { $0 }
                return .success(try await close(channel, certificateEnds: nil, isProxy: false))
            }
            let context = try NIOSSLContext(configuration: transport.tls)
            let (channel, handshake) = try await connect(bare, port, timeout) { channel in
                // A name is sent and verified; an address is verified against the certificate's addresses.
                let name = (try? SocketAddress(ipAddress: bare, port: port)) == nil ? bare : nil
                let handler = try NIOSSLClientHandler(context: context, serverHostname: name)
                // A handshake may fail, and remove its handlers, before anything waits for its result.
                let done = channel.eventLoop.makePromise(of: Instant?.self)
                try channel.pipeline.syncOperations.addHandlers(handler, Handshake(done: done, timeout: timeout))
                return (channel, done.futureResult)
            }
            let ends = try await handshake.get()
            return .success(try await close(channel, certificateEnds: ends, isProxy: false))
        } catch {
            return .failure(
                Failure(
                    reason: FailureReason.beforeSending(error),
                    message: Redaction.clean(FailureReason.text(error), secrets: [], longest: 200)))
        }
    }

    private static func connect<Output: Sendable>(
        _ host: String, _ port: Int, _ timeout: Duration,
        initialize: @escaping @Sendable (any Channel) throws -> Output
    ) async throws -> Output {
        try await ClientBootstrap(group: EventLoops.group)
            .connectTimeout(.milliseconds(timeout.milliseconds))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try initialize(channel) }
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

/// Waits for the end of a TLS handshake, and reports the expiry of the peer's certificate.
private final class Handshake: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let done: EventLoopPromise<Instant?>
    private let timeout: Duration

    /// Creates a handler that is confined to the channel's event loop.
    init(done: EventLoopPromise<Instant?>, timeout: Duration) {
        self.done = done
        self.timeout = timeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let done = done
        context.eventLoop.scheduleTask(in: .milliseconds(timeout.milliseconds)) {
            done.fail(ChannelError.connectTimeout(.milliseconds(0)))
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent {
            // Without the handler or a certificate there is no expiry to warn of.
            let certificate = (try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))?
                .peerCertificate
            done.succeed(
                certificate.map { Instant(millisecondsSinceEpoch: Int64($0.notValidAfter) * 1000) })
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    /// Ends the handshake on the slower connection of two addresses tried at once, which is closed here.
    func handlerRemoved(context: ChannelHandlerContext) { done.fail(ChannelError.eof) }
}
