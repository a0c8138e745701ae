import NIOCore
import NIOHTTP1

/// One kept connection, the last handler of its channel. Everything but ``start(_:)`` and ``abandon(_:)`` happens on
/// the channel's event loop, which is what makes it sendable.
///
/// Valid transitions are: idle → busy → idle, and from either to closed. One answer is awaited at a time; bytes that
/// nobody asked for close the connection.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        case idle
        case busy(HTTPTransaction)
        case closed
    }

    let origin: Origin
    let channel: any Channel
    private let connections: HTTPConnections
    private var state = State.idle
    /// Whether all of the request was given to the kernel.
    private var isWritten = true
    /// Whether the answer permits another request.
    private var isKept = false
    private var idleTimer: Scheduled<Void>?

    init(to origin: Origin, over channel: any Channel, of connections: HTTPConnections) {
        self.origin = origin
        self.channel = channel
        self.connections = connections
    }

    // MARK: From any thread

    /// Sends the request, or gives it to another connection when this one was closed meanwhile: nothing was written
    /// then.
    func start(_ transaction: HTTPTransaction) {
        let loop = channel.eventLoop
        if loop.inEventLoop { begin(transaction) } else { loop.execute { self.begin(transaction) } }
    }

    /// Closes the connection when this call is still on it.
    func abandon(_ transaction: HTTPTransaction) {
        channel.eventLoop.execute {
            guard case .busy(let current) = self.state, current === transaction else { return }
            self.close(HTTPCallError.closed)
        }
    }

    func close() { channel.close(promise: nil) }

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

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .busy(let transaction) = state else { return }
        var goesOn = true
        switch unwrapInboundIn(data) {
        case .head(let head):
            isKept = head.isKeepAlive
            goesOn = transaction.receive(head)
        case .body(let part): goesOn = transaction.receive(part)
        case .end:
            // An answer that is complete before the request is: what is left of the request must not reach the server
            // as the beginning of the next one.
            if isWritten, isKept, channel.isActive {
                state = .idle
                transaction.complete()
                connections.release(self)
            } else {
                transaction.complete()
                close(HTTPCallError.closed)
            }
        }
        if !goesOn { close(HTTPCallError.oversized) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(error) }

    func channelInactive(context: ChannelHandlerContext) {
        close(HTTPCallError.closed)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        close(HTTPCallError.closed)
        connections.isClosed(self)
    }

    /// Ends the call that is on it, leaves the pool, and closes the channel. TLS may take seconds for its goodbye, in
    /// which the place in the pool is free already.
    private func close(_ error: any Error) {
        let before = state
        state = .closed
        switch before {
        case .closed: return
        case .idle: break
        case .busy(let transaction): transaction.fail(error)
        }
        idleTimer?.cancel()
        connections.forget(self)
        channel.close(promise: nil)
    }

    // MARK: Idle

    /// Closes the connection unless a request comes within `limit`.
    func expire(after limit: TimeAmount) {
        idleTimer = channel.eventLoop.scheduleTask(in: limit) { self.close(HTTPCallError.closed) }
    }
}
