import NIOCore
import Synchronization

/// A request body that knows whether anybody has asked for it.
///
/// Errors cannot tell a connection that failed before the request from one that failed after it. Whether the body was
/// pulled can: a body that was never pulled never left.
struct WatchedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let bytes: [UInt8]
    private let pulled = Flag()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the body was asked for, and may have been sent.
    var wasPulled: Bool { pulled.isSet }

    struct AsyncIterator: AsyncIteratorProtocol {
        let bytes: [UInt8]
        let pulled: Flag
        var isDone = false

        mutating func next() async -> ByteBuffer? {
            guard !isDone else { return nil }
            isDone = true
            pulled.set()
            return ByteBuffer(bytes: bytes)
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(bytes: bytes, pulled: pulled) }
}

/// A flag that is set once, from any thread.
final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    func set() { value.store(true, ordering: .sequentiallyConsistent) }

    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
}
