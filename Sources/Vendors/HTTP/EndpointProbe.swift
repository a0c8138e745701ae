import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
public import Planning

/// Looks whether an endpoint could be reached, without sending a request: its name, a connection, and TLS.
public enum EndpointProbe {
    /// What was found.
    public struct Result: Hashable, Sendable {
        /// The address that answered.
        public let address: String
        /// When the certificate ends; nil without TLS.
        public let certificateEnds: Instant?
        /// Whether this was the proxy, behind which nothing was looked at.
        public let isProxy: Bool
    }

    /// Why it could not.
    public struct Failure: Error, Hashable, Sendable {
        public let reason: OutcomeReason
        /// What the network said, one line.
        public let message: String
    }

    /// Resolves, connects and shakes hands as a request would, then hangs up.
    public static func look(
        at endpoint: Endpoint, transport: Transport, timeout: Duration
    ) async -> Swift.Result<Result, Failure> {
        guard let parts = URLComponents(string: endpoint.url), let host = parts.host,
            Transport.hasPossiblePort(endpoint.url)
        else {
            return .failure(Failure(reason: .notSent, message: "this is no URL"))
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
                // A handshake may fail, and take its handlers along, before anybody asks how it went.
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
        // However the connection ends, what was asked is known.
        try? await channel.close().get()
        return Result(address: address, certificateEnds: certificateEnds, isProxy: isProxy)
    }
}

/// Waits for the end of a TLS handshake, and tells when the peer's certificate ends.
private final class Handshake: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let done: EventLoopPromise<Instant?>
    private let timeout: Duration

    /// Confined to the channel's event loop.
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
            // Without its handler, or a certificate, there is no date to warn of.
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

    /// Of two addresses tried at once, the slower one's connection ends here.
    func handlerRemoved(context: ChannelHandlerContext) { done.fail(ChannelError.eof) }
}
