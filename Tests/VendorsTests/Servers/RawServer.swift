import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A listener on loopback with a given behaviour below HTTP, such as no well-behaved server has.
final class RawServer: Sendable {
    /// The behaviour on a connection.
    enum Behaviour: Sendable {
        /// Reads, and never writes.
        case silent
        /// Writes this as soon as a client connects, then closes.
        case greet(String)
        /// Answers each complete request with this.
        case answer(String)
        /// Answers a request with this, then closes.
        case answerAndClose(String)
        /// Answers a request with this, then closes the connection below TLS, without close_notify.
        case answerAndHangUp(String)
        /// Answers the first request, and resets the connection at the second.
        case answerOnceThenReset(String)
        /// Resets the connection when a request has arrived.
        case reset
        /// Answers with this, then with one space after another, for ever.
        case drip(String)
    }

    struct Seen: Sendable {
        var connections = 0
        /// The complete requests, as received.
        var requests: [String] = []
    }

    private final class Record: Sendable {
        let seen = Mutex(Seen())
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let record = Record()
    private let listener: any Channel

    init(_ behaviour: Behaviour, tls: NIOSSLContext? = nil) async throws {
        let record = record
        listener = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                record.seen.withLock { $0.connections += 1 }
                return channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(behaviour) { request in record.seen.withLock { $0.requests.append(request) } })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var port: Int { listener.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)/api" }
    var httpsURL: String { "https://127.0.0.1:\(port)/api" }
    var seen: Seen { record.seen.withLock { $0 } }

    func stop() async throws { try await group.shutdownGracefully() }

    /// Returns a complete answer.
    static func http(_ status: String, _ body: String, headers: [String] = []) -> String {
        let lines = ["HTTP/1.1 \(status)", "content-length: \(body.utf8.count)"] + headers + ["", body]
        return lines.joined(separator: "\r\n")
    }
}

/// Collects requests, whose bodies have a `Content-Length`, and behaves as configured.
private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let behaviour: RawServer.Behaviour
    private let note: @Sendable (String) -> Void
    private var received = ""
    private var count = 0

    init(_ behaviour: RawServer.Behaviour, note: @escaping @Sendable (String) -> Void) {
        self.behaviour = behaviour
        self.note = note
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .greet(let text) = behaviour { write(text, context.channel, thenClose: true) }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(decoding: unwrapInboundIn(data).readableBytesView, as: UTF8.self)
        while let request = nextRequest() {
            note(request)
            count += 1
            answer(context.channel)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func nextRequest() -> String? {
        guard let headEnd = received.range(of: "\r\n\r\n") else { return nil }
        let head = received[..<headEnd.lowerBound].lowercased()
        let length =
            head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) } ?? 0
        let body = received[headEnd.upperBound...]
        guard body.utf8.count >= length else { return nil }
        let end = body.utf8.index(body.startIndex, offsetBy: length)
        defer { received = String(received[end...]) }
        return String(received[..<end])
    }

    private func answer(_ channel: any Channel) {
        switch behaviour {
        case .silent, .greet: break
        case .answer(let text): write(text, channel, thenClose: false)
        case .answerAndClose(let text): write(text, channel, thenClose: true)
        case .answerAndHangUp(let text): writeAndHangUp(text, channel)
        case .answerOnceThenReset(let text): count == 1 ? write(text, channel, thenClose: false) : reset(channel)
        case .reset: reset(channel)
        case .drip(let text):
            write(text, channel, thenClose: false)
            channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(10)) { task in
                guard channel.isActive else { return task.cancel() }
                channel.writeAndFlush(ByteBuffer(string: " "), promise: nil)
            }
        }
    }

    private func write(_ text: String, _ channel: any Channel, thenClose: Bool) {
        channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in
            if thenClose { channel.close(promise: nil) }
        }
    }

    private func writeAndHangUp(_ text: String, _ channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: text)).whenSuccess {
            // A close that starts at the TLS handler's context skips that handler.
            let tls = try? channel.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
            tls?.close(promise: nil)
        }
    }

    /// Closes with RST instead of FIN.
    private func reset(_ channel: any Channel) {
        guard let socket = channel as? any SocketOptionProvider else { return channel.close(promise: nil) }
        socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
