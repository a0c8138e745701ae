import NIOCore
import NIOHTTP1

/// One keep-alive connection, the last handler of its channel. The functions under "From any thread" may be called from
/// any thread; everything else runs on the channel's event loop, which makes the connection sendable.
///
/// Valid transitions are: idle → busy → answered → idle, and from each of them to closed. One answer is awaited at a
/// time, and bytes outside an answer close the connection.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case busy(HTTPTransaction)
        /// The answer is complete, and the rest of the same read is still being parsed.
        case answered(HTTPTransaction)
        case closed
    }

    let origin: Origin
    let channel: any Channel
    private let connections: HTTPConnections
    private var state = State.idle
    /// True when all of the request was written to the socket.
    private var isWritten = true
    /// True when the answer permits another request on this connection (keep-alive).
    private var isKept = false
    private var idleTimer: Scheduled<Void>?

    init(to origin: Origin, over channel: any Channel, of connections: HTTPConnections) {
        self.origin = origin
        self.channel = channel
        self.connections = connections
    }

    // MARK: From any thread

    /// Sends the request. When this connection was closed in the meantime, another one sends it: nothing was written
    /// then.
    func start(_ transaction: HTTPTransaction) { onLoop { self.begin(transaction) } }

    /// Closes the connection if this call is still using it.
    func abandon(_ transaction: HTTPTransaction) {
        onLoop {
            guard case .busy(let current) = self.state, current === transaction else { return }
            self.close(HTTPCallError.closed)
        }
    }

    /// Ends the current call, if there is one, and closes the connection.
    func shutDown() { onLoop { self.close(HTTPCallError.shutDown) } }

    private func onLoop(_ work: @escaping @Sendable () -> Void) {
        if channel.eventLoop.inEventLoop { work() } else { channel.eventLoop.execute(work) }
    }

    // MARK: The request

    private func begin(_ transaction: HTTPTransaction) {
        idleTimer?.cancel()
        idleTimer = nil
        guard case .idle = state, channel.isActive else { return connections.send(transaction) }
        transaction.watchDeadline(on: channel.eventLoop)
        guard transaction.leave(on: self) else { return connections.release(self) }
        state = .busy(transaction)
        (isWritten, isKept) = (false, false)
        let call = transaction.call
        channel.write(HTTPClientRequestPart.head(call.head), promise: nil)
        if !call.body.isEmpty {
            channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(bytes: call.body))), promise: nil)
        }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil)).whenComplete { result in
            switch result {
            case .success: self.isWritten = true
            case .failure(let error): self.close(error)
            }
        }
    }

    // MARK: The answer

    /// True while an answer is expected.
    var expectsAnswer: Bool { if case .busy = state { true } else { false } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .busy(let transaction) = state else { return }
        var goesOn = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            // After a change of protocol the decoder stops parsing.
            isKept = head.isKeepAlive && head.status != .switchingProtocols
            goesOn = transaction.receive(head)
        case .body(let part): goesOn = transaction.receive(part)
        case .end:
            state = .answered(transaction)
            // Deferred until this read is parsed: bytes after the answer are an error, which must not reach the next
            // request.
            channel.eventLoop.execute { self.settle() }
        }
        if !goesOn { close(HTTPCallError.oversized) }
    }

    private func settle() {
        guard case .answered(let transaction) = state else { return }
        // An answer that is complete before its request closes the connection: the rest of the request must not reach
        // the server as the beginning of the next one.
        guard isWritten, isKept, channel.isActive else { return close(HTTPCallError.closed) }
        state = .idle
        connections.release(self)
        transaction.complete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(error) }

    func channelInactive(context: ChannelHandlerContext) {
        close(HTTPCallError.closed)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        close(HTTPCallError.closed)
        connections.remove(self)
    }

    /// Ends the current call, leaves the pool, and closes the channel. Closing may take seconds with TLS, and
    /// everything received in that time is ignored.
    func close(_ error: any Error) {
        let before = state
        state = .closed
        idleTimer?.cancel()
        idleTimer = nil
        switch before {
        case .closed: return
        case .idle: break
        case .busy(let transaction): transaction.fail(error)
        case .answered(let transaction): transaction.complete()
        }
        connections.forget(self)
        channel.close(promise: nil)
    }

    // MARK: Idle

    /// Closes the connection unless a request comes within `limit`.
    func expire(after limit: TimeAmount) {
        guard case .idle = state else { return }
        idleTimer = channel.eventLoop.scheduleTask(in: limit) { self.close(HTTPCallError.closed) }
    }
}

/// Closes a connection that receives bytes while no answer is expected. Confined to its channel's event loop.
final class UnsolicitedBytes: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: HTTPConnection

    init(on connection: HTTPConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if connection.expectsAnswer { context.fireChannelRead(data) } else { connection.close(HTTPCallError.closed) }
    }
}
