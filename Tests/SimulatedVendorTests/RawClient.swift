import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import SimulatedVendor

/// A connection that records the bytes of answers, and their end.
final class RawClient: Sendable {
    struct Seen: Sendable {
        var text = ""
        var isClosed = false
    }

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let collector: Collector
    private let channel: any Channel

    init(port: Int) async throws {
        let collector = Collector()
        self.collector = collector
        channel = try await ClientBootstrap(group: Self.group)
            .channelInitializer { channel in channel.pipeline.addHandler(collector) }
            .connect(host: "127.0.0.1", port: port).get()
    }

    var seen: Seen { collector.seen.withLock { $0 } }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)) }

    func close() { channel.close(promise: nil) }

    /// Sends a request to Picky Assist's API.
    func post(_ body: String) async throws -> Seen { try await ask("POST", SimulatedVendor.path, body) }

    /// Sends a request and returns the answer, when it is complete or the connection is closed.
    func ask(_ method: String, _ path: String, _ body: String = "", token: String? = nil) async throws -> Seen {
        let before = seen.text.utf8.count
        try await send(Self.request(method, path, body, token: token))
        try await wait("an answer or an end") { Self.isWhole(seen.text.dropFirstBytes(before)) || seen.isClosed }
        var result = seen
        result.text = result.text.dropFirstBytes(before)
        return result
    }

    static func request(_ method: String, _ path: String, _ body: String = "", token: String? = nil) -> String {
        "\(method) \(path) HTTP/1.1\r\nhost: x\r\n" + (token.map { "authorization: Bearer \($0)\r\n" } ?? "")
            + "content-length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// Returns true when the head and the body of the announced length have arrived.
    static func isWhole(_ text: String) -> Bool {
        guard let head = text.range(of: "\r\n\r\n") else { return false }
        let length = text[..<head.lowerBound].split(separator: "\r\n").first { $0.hasPrefix("content-length: ") }
            .flatMap { Int($0.dropFirst("content-length: ".count)) }
        return length.map { text[head.upperBound...].utf8.count >= $0 } ?? false
    }
}

extension String {
    func dropFirstBytes(_ count: Int) -> String { String(decoding: utf8.dropFirst(count), as: UTF8.self) }
}

extension SimulatedVendor {
    /// True when connections are accepted: no outage is in progress, and the vendor is not stopped.
    var isListening: Bool { state.withLock { $0.listener?.isActive ?? false } }

    /// The count of requests that will still land late.
    var pendingCount: Int { state.withLock { $0.model.pending.values.reduce(0, +) } }
}

/// Waits for a condition, up to a minute.
func wait(_ what: Comment, until condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while !condition() {
        try #require(ContinuousClock.now < deadline, what)
        try await Task.sleep(for: .milliseconds(2))
    }
}

private final class Collector: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let seen = Mutex(RawClient.Seen())

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(decoding: unwrapInboundIn(data).readableBytesView, as: UTF8.self)
        seen.withLock { $0.text += text }
    }

    func channelInactive(context: ChannelHandlerContext) { seen.withLock { $0.isClosed = true } }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
