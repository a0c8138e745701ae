import NIOCore
import NIOPosix
import NIOSSL
import Planning
import Synchronization

/// Pools of keep-alive connections, one for each origin.
///
/// HTTP is 1.1, no redirect is followed, no body is decompressed, and nothing is sent twice: a call whose connection
/// was closed before its first byte was written goes to another one, and no other does.
final class HTTPConnections: Sendable {
    struct Limits: Sendable {
        /// The timeout of connecting and TLS.
        var connect: Duration = .seconds(10)
        /// The idle time after which a connection is closed.
        var idle: Duration = .seconds(60)
        /// The maximum of connections to one origin; further calls wait.
        var connections = 64
        /// The maximum of calls that wait for one origin.
        var waiting = 65_536
    }

    private struct Pool {
        /// The idle connections, the most recently used last.
        var idle: [HTTPConnection] = []
        /// The number of connections that are idle, busy, or connecting.
        var open = 0
        var waiting = CircularBuffer<HTTPTransaction>()

        /// Removes and returns the next waiting call that has not ended.
        mutating func nextWaiting() -> HTTPTransaction? {
            while let first = waiting.popFirst() { if !first.isEnded { return first } }
            return nil
        }
    }

    private struct State {
        var pools: [Origin: Pool] = [:]
        var connections: [ObjectIdentifier: HTTPConnection] = [:]
        /// The calls that wait for a new connection.
        var connecting: [ObjectIdentifier: HTTPTransaction] = [:]
        var isShutDown = false
    }

    /// The next step for one call.
    private enum Step {
        case use(HTTPConnection)
        case connect
        case wait
        case refuse(HTTPCallError)
    }

    private let state = Mutex(State())
    private let connector: HTTPConnector
    private let limits: Limits

    init(_ transport: Transport?, _ limits: Limits = Limits()) {
        connector = HTTPConnector(transport, limit: limits.connect)
        self.limits = limits
    }

    /// Sends a call, once.
    func send(_ transaction: HTTPTransaction) {
        let origin = transaction.call.origin
        let step = state.withLock { state -> Step in
            guard !state.isShutDown else { return .refuse(.shutDown) }
            if let connection = state.pools[origin]?.idle.popLast() { return .use(connection) }
            if state.pools[origin, default: Pool()].open < limits.connections {
                state.pools[origin, default: Pool()].open += 1
                return .connect
            }
            guard state.pools[origin, default: Pool()].waiting.count < limits.waiting else {
                return .refuse(.tooManyWaiting)
            }
            state.pools[origin, default: Pool()].waiting.append(transaction)
            return .wait
        }
        switch step {
        case .use(let connection): connection.start(transaction)
        case .connect: connect(for: transaction)
        case .wait: transaction.watchDeadline(on: EventLoops.group.next())
        case .refuse(let error): transaction.fail(error)
        }
    }

    /// Sends a call, once, and waits for its end; cancelling the task cancels the call. The timeout covers the whole
    /// exchange: a slow answer does not extend it.
    func end(of call: HTTPCall, within timeout: Duration) async -> HTTPCallEnd {
        let deadline = NIODeadline.now() + .milliseconds(timeout.milliseconds)
        let sent = Mutex<HTTPTransaction?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let transaction = HTTPTransaction(call, deadline: deadline) { continuation.resume(returning: $0) }
                sent.withLock { $0 = transaction }
                if Task.isCancelled { transaction.fail(HTTPCallError.cancelled) } else { send(transaction) }
            }
        } onCancel: {
            sent.withLock(\.self)?.fail(HTTPCallError.cancelled)
        }
    }

    private func connect(for transaction: HTTPTransaction) {
        let origin = transaction.call.origin
        let loop = EventLoops.group.next()
        state.withLock { $0.connecting[ObjectIdentifier(transaction)] = transaction }
        transaction.watchDeadline(on: loop)
        connector.connect(to: origin, on: loop, until: transaction.deadline).flatMapThrowing { channel in
            let connection = HTTPConnection(to: origin, over: channel, of: self)
            try HTTPConnector.addHandlers(to: channel, connection)
            let isShutDown = self.state.withLock { state in
                state.connections[ObjectIdentifier(connection)] = connection
                return state.isShutDown
            }
            if isShutDown { connection.shutDown() }
            return connection
        }.whenComplete { (result: Result<HTTPConnection, any Error>) in
            self.state.withLock { $0.connecting[ObjectIdentifier(transaction)] = nil }
            switch result {
            case .success(let connection): connection.start(transaction)
            case .failure(let error):
                transaction.fail(error)
                self.free(origin)
            }
        }
    }

    /// Returns an idle connection to its pool, or starts the next waiting call on it. Must run on its event loop.
    func release(_ connection: HTTPConnection) {
        let (next, isShutDown) = state.withLock { state -> (HTTPTransaction?, Bool) in
            let next = state.pools[connection.origin]?.nextWaiting()
            if next == nil, !state.isShutDown { state.pools[connection.origin]?.idle.append(connection) }
            return (next, state.isShutDown)
        }
        if let next { return connection.start(next) }
        if isShutDown { return connection.shutDown() }
        connection.expire(after: .milliseconds(limits.idle.milliseconds))
    }

    /// Removes a closing connection from its pool, which may open another one from then on.
    func forget(_ connection: HTTPConnection) {
        state.withLock { $0.pools[connection.origin]?.idle.removeAll { $0 === connection } }
        free(connection.origin)
    }

    /// Removes a closed connection.
    func remove(_ connection: HTTPConnection) {
        state.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
    }

    /// Frees a place in the pool of an origin, and connects for the next waiting call.
    private func free(_ origin: Origin) {
        let next = state.withLock { state -> HTTPTransaction? in
            state.pools[origin]?.open -= 1
            guard let next = state.pools[origin]?.nextWaiting() else {
                if state.pools[origin]?.open == 0 { state.pools[origin] = nil }
                return nil
            }
            state.pools[origin]?.open += 1
            return next
        }
        if let next { connect(for: next) }
    }

    /// Closes all connections. Running calls end, and nothing is sent afterwards.
    func shutdown() async {
        let (connections, waiting) = state.withLock { state -> ([HTTPConnection], [HTTPTransaction]) in
            state.isShutDown = true
            let waiting = state.pools.values.flatMap { Array($0.waiting) } + Array(state.connecting.values)
            for origin in state.pools.keys {
                state.pools[origin]?.waiting = []
                state.pools[origin]?.idle = []
            }
            return (Array(state.connections.values), waiting)
        }
        for transaction in waiting { transaction.fail(HTTPCallError.shutDown) }
        for connection in connections { connection.shutDown() }
        for connection in connections {
            // An error of closing does not matter.
            try? await connection.channel.closeFuture.get()
        }
    }
}
