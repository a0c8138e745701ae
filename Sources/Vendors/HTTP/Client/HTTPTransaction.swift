import NIOCore
import NIOHTTP1
import Synchronization

/// One call on its way: what has come of its answer, and its one end.
///
/// Valid transitions are: waiting → on a connection → ended, and waiting → ended. The deadline ends it in either.
final class HTTPTransaction: Sendable {
    let call: HTTPCall
    let deadline: NIODeadline

    private struct State {
        var end = HTTPCallEnd()
        var isEnded = false
        /// The connection that it is on.
        var connection: HTTPConnection?
        var timer: Scheduled<Void>?
    }

    private let state = Mutex(State())
    private let completion: @Sendable (HTTPCallEnd) -> Void

    /// - Parameters:
    ///   - call: the request.
    ///   - deadline: when it ends at the latest, from the wait for a connection to the answer's last byte.
    ///   - completion: is called once with its end, on any thread.
    init(_ call: HTTPCall, deadline: NIODeadline, completion: @escaping @Sendable (HTTPCallEnd) -> Void) {
        self.call = call
        self.deadline = deadline
        self.completion = completion
    }

    var isEnded: Bool { state.withLock(\.isEnded) }

    /// Has the deadline watched by `loop`, unless a loop watches it already.
    func watchDeadline(on loop: any EventLoop) {
        state.withLock { state in
            guard !state.isEnded, state.timer == nil else { return }
            state.timer = loop.scheduleTask(deadline: deadline) { self.fail(HTTPCallError.deadlineExceeded) }
        }
    }

    /// The request is given to the kernel next; false when the call has ended, so that nothing may be written.
    func leave(on connection: HTTPConnection) -> Bool {
        state.withLock { state in
            guard !state.isEnded else { return false }
            state.connection = connection
            state.end.hasLeft = true
            return true
        }
    }

    /// Keeps the answer's head; false when the rest need not be read.
    func receive(_ head: HTTPResponseHead) -> Bool {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        state.withLock { if !$0.isEnded { $0.end.head = head } }
        guard call.excess == .fails, announced > call.bodyLimit else { return true }
        fail(HTTPCallError.oversized)
        return false
    }

    /// Keeps a part of the answer's body; false when the rest need not be read.
    func receive(_ part: ByteBuffer) -> Bool {
        let fits = state.withLock { state in
            guard !state.isEnded else { return true }
            let room = call.bodyLimit - state.end.body.readableBytes
            if part.readableBytes <= room {
                state.end.body.writeImmutableBuffer(part)
                return true
            }
            if call.excess == .isDropped, let kept = part.getSlice(at: part.readerIndex, length: max(0, room)) {
                state.end.body.writeImmutableBuffer(kept)
                return true
            }
            return false
        }
        if !fits { fail(HTTPCallError.oversized) }
        return fits
    }

    /// The answer is complete.
    func complete() { finish(nil) }

    /// It ends here, for this reason, unless it has ended already. A connection that it is on is closed: whatever comes
    /// on that one belongs to this call.
    func fail(_ error: any Error) { finish(error)?.abandon(self) }

    @discardableResult
    private func finish(_ failure: (any Error)?) -> HTTPConnection? {
        let (end, timer, connection) = state.withLock { state -> (HTTPCallEnd?, Scheduled<Void>?, HTTPConnection?) in
            guard !state.isEnded else { return (nil, nil, nil) }
            state.isEnded = true
            state.end.failure = failure
            defer { (state.timer, state.connection) = (nil, nil) }
            return (state.end, state.timer, state.connection)
        }
        guard let end else { return nil }
        timer?.cancel()
        completion(end)
        return connection
    }
}
