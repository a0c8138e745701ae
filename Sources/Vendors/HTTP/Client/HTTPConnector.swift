import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOTLS
import Planning

/// Makes connections: to the server, or through the proxy's tunnel, with TLS where the origin has it.
struct HTTPConnector: Sendable {
    private let proxy: Transport.Proxy?
    /// Created here, because an event loop must not wait for the files of certificate authorities; nil without TLS.
    private let context: Result<NIOSSLContext, any Error>?
    private let limit: Duration

    /// - Parameters:
    ///   - transport: the certificate authorities and the proxy; nil for connections that need neither.
    ///   - limit: the timeout of connecting, with the tunnel and TLS.
    init(_ transport: Transport?, limit: Duration) {
        proxy = transport?.proxy
        context = transport.map { transport in Result { try NIOSSLContext(configuration: transport.tls) } }
        self.limit = limit
    }

    /// Returns a new connection, on `loop`.
    func connect(to origin: Origin, on loop: any EventLoop, until deadline: NIODeadline) -> EventLoopFuture<any Channel>
    {
        let end = min(deadline, .now() + .milliseconds(limit.milliseconds))
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(max(.nanoseconds(1), end - .now()))
        switch origin.address {
        case .socket(let path): return bootstrap.connect(unixDomainSocketPath: path)
        case .network(let host, let port):
            guard let proxy, origin.usesProxy else {
                return bootstrap.connect(host: host, port: port).flatMap { channel in
                    secure(channel, origin, host, end)
                }
            }
            return bootstrap.connect(host: proxy.host, port: proxy.port).flatMap { channel in
                // The library would compare the proxy's address with the certificate's.
                guard !origin.isTLS || (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
                    channel.close(promise: nil)
                    return channel.eventLoop.makeFailedFuture(
                        HTTPCallError.proxyRefused("an address cannot be verified through it: write a name"))
                }
                return tunnel(channel, to: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", end)
                    .flatMap { _ in secure(channel, origin, host, end) }
            }
        }
    }

    /// Adds the handlers of HTTP, and `connection` as the last.
    static func addHandlers(to channel: any Channel, _ connection: HTTPConnection) throws {
        guard channel.isActive else { throw HTTPCallError.closed }
        let decoder = HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop)
        try channel.pipeline.syncOperations.addHandlers(
            UnsolicitedBytes(on: connection), HTTPRequestEncoder(), ByteToMessageHandler(decoder), connection)
    }

    private func secure(
        _ channel: any Channel, _ origin: Origin, _ host: String, _ end: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        guard origin.isTLS else { return channel.eventLoop.makeSucceededFuture(channel) }
        // A name is sent and verified; an address is verified against the certificate's addresses.
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return perform(on: channel, until: end, .tlsTimeout) { done in
            guard let context else { throw HTTPCallError.invalid("these connections have no TLS") }
            let handler = try NIOSSLClientHandler(context: context.get(), serverHostname: isAddress ? nil : host)
            let handshake = Handshake(done)
            try channel.pipeline.syncOperations.addHandlers(handler, handshake)
            return handshake
        }.flatMapThrowing { channel in
            let handler = try channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
            if !isAddress, let certificate = handler.peerCertificate, !certificate.names(host) {
                channel.close(promise: nil)
                throw HTTPCallError.wrongName
            }
            return channel
        }
    }

    private func tunnel(_ channel: any Channel, to authority: String, _ end: NIODeadline) -> EventLoopFuture<
        any Channel
    > {
        perform(on: channel, until: end, .connectTimeout) { done in
            let tunnel = ProxyTunnel(to: authority, done)
            try channel.pipeline.syncOperations.addHandler(tunnel)
            return tunnel
        }
    }

    /// Adds a handler, waits until `end` for its promise, and removes it; closes the channel when it fails. Must run on
    /// the channel's loop.
    private func perform(
        on channel: any Channel, until end: NIODeadline, _ timeout: HTTPCallError,
        _ add: (EventLoopPromise<Void>) throws -> any RemovableChannelHandler & Sendable
    ) -> EventLoopFuture<any Channel> {
        let done = channel.eventLoop.makePromise(of: Void.self)
        let handler: any RemovableChannelHandler & Sendable
        do {
            handler = try add(done)
        } catch {
            done.fail(error)
            channel.close(promise: nil)
            return done.futureResult.map { channel }
        }
        let timer = channel.eventLoop.scheduleTask(deadline: end) { done.fail(timeout) }
        done.futureResult.whenComplete { _ in timer.cancel() }
        done.futureResult.whenFailure { _ in channel.close(promise: nil) }
        return done.futureResult.flatMap { channel.pipeline.syncOperations.removeHandler(handler) }.map { channel }
    }
}

/// Waits for the end of a TLS handshake. Confined to its channel's event loop.
final class Handshake: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let done: EventLoopPromise<Void>

    init(_ done: EventLoopPromise<Void>) { self.done = done }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { done.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(error is IOError ? HTTPCallError.tlsInterrupted(FailureReason.text(error)) : error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(HTTPCallError.tlsInterrupted("the server closed it"))
        context.fireChannelInactive()
    }

    /// A channel that closes while it becomes active reports nothing else.
    func handlerRemoved(context: ChannelHandlerContext) { done.fail(HTTPCallError.closed) }
}

/// Asks a proxy for a tunnel, and reads its answer's head. Confined to its channel's event loop.
private final class ProxyTunnel: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// The largest head that is read, in bytes.
    private static let maxHead = 16_384

    private let authority: String
    private let done: EventLoopPromise<Void>
    private var received: [UInt8] = []

    init(to authority: String, _ done: EventLoopPromise<Void>) {
        self.authority = authority
        self.done = done
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let request = "CONNECT \(authority) HTTP/1.1\r\nhost: \(authority)\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if received.count > Self.maxHead { done.fail(HTTPCallError.proxyRefused("its answer has no end")) }
            return
        }
        let line = String(decoding: received.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return done.fail(HTTPCallError.proxyRefused("its answer is no HTTP"))
        }
        guard (200..<300).contains(status) else {
            return done.fail(HTTPCallError.proxyRefused("it answered \(status)"))
        }
        // The client speaks first in the tunnel: bytes after the head are an error.
        guard end.upperBound == received.count else {
            return done.fail(HTTPCallError.proxyRefused("its answer has a body"))
        }
        done.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { done.fail(error) }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(ChannelError.eof)
        context.fireChannelInactive()
    }

    /// A channel that closes while it becomes active reports nothing else.
    func handlerRemoved(context: ChannelHandlerContext) { done.fail(HTTPCallError.closed) }
}

extension NIOSSLCertificate {
    /// Returns true when the certificate is valid for this host name. The library also accepts a certificate for the
    /// connection's address, which an attacker who controls DNS can have.
    fileprivate func names(_ host: String) -> Bool {
        let alternatives = _subjectAlternativeNames()
        // Without any alternative name the library has compared the common name.
        guard !alternatives.isEmpty else { return true }
        let names = alternatives.filter { $0.nameType == .dnsName }.map { name in
            name.contents.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self).lowercased() }
        }
        let labels = host.lowercased().split(separator: ".", omittingEmptySubsequences: true)
        return names.contains { name in
            let pattern = name.split(separator: ".", omittingEmptySubsequences: true)
            guard pattern.count == labels.count, pattern.dropFirst() == labels.dropFirst(), let first = pattern.first,
                let label = labels.first
            else { return false }
            let parts = first.split(separator: "*", omittingEmptySubsequences: false)
            guard parts.count == 2, pattern.count > 2 else { return first == label }
            return label.count >= first.count - 1 && label.hasPrefix(parts[0]) && label.hasSuffix(parts[1])
        }
    }
}
