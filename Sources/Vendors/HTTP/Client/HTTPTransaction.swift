import NIOCore
import NIOHTTP1
import Synchronization

/// One running call: the received part of its answer, and its end, which is reported once.
///
/// Valid transitions are: waiting → on a connection → ended, and waiting → ended. The deadline ends it in either.
final class HTTPTransaction: Sendable {
    let call: HTTPCall
    let deadline: NIODeadline

    private struct State {
        var end = HTTPCallEnd()
        var isEnded = false
        /// The connection that carries the call.
        var connection: HTTPConnection?
        var timer: Scheduled<Void>?
    }

    private let state = Mutex(State())
    private let completion: @Sendable (HTTPCallEnd) -> Void

    /// - Parameters:
    ///   - call: the request.
    ///   - deadline: the deadline of the whole call, the wait for a connection included.
    ///   - completion: is called once with the end, on any thread.
    init(_ call: HTTPCall, deadline: NIODeadline, completion: @escaping @Sendable (HTTPCallEnd) -> Void) {
        self.call = call
        self.deadline = deadline
        self.completion = completion
    }

    var isEnded: Bool { state.withLock(\.isEnded) }

    /// Schedules the deadline on `loop`, unless it is scheduled already.
    func watchDeadline(on loop: any EventLoop) {
        state.withLock { state in
            guard !state.isEnded, state.timer == nil else { return }
            state.timer = loop.scheduleTask(deadline: deadline) { self.fail(HTTPCallError.deadlineExceeded) }
        }
    }

    /// Marks the request as sent, just before it is written. Returns false when the call has ended: then nothing may be
    /// written.
    func leave(on connection: HTTPConnection) -> Bool {
        state.withLock { state in
            guard !state.isEnded else { return false }
            state.connection = connection
            state.end.hasLeft = true
            return true
        }
    }

    /// Stores the answer's head. Returns false when the rest need not be read.
    func receive(_ head: HTTPResponseHead) -> Bool {
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        state.withLock { if !$0.isEnded { $0.end.head = head } }
        guard call.excess == .fails, announced > call.bodyLimit else { return true }
        fail(HTTPCallError.oversized)
        return false
    }

    /// Stores a part of the answer's body. Returns false when the rest need not be read.
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

    /// Ends the call with a complete answer.
    func complete() { finish(nil) }

    /// Ends the call for this reason, unless it has ended already, and closes its connection: later bytes on that
    /// connection belong to this call.
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
