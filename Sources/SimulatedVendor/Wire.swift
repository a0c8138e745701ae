import Foundation
import NIOCore
import NIOHTTP1

/// Writes answers of every kind to one connection, good and bad.
struct Wire: Sendable {
    let channel: any Channel
    let keepAlive: Bool

    func answer(_ answer: Answer, headers extra: [(String, String)] = []) {
        let buffer = ByteBuffer(string: answer.body)
        write(answer, extra)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
        let end = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !keepAlive { end.whenComplete { _ in channel.close(promise: nil) } }
    }

    /// Sends an answer whose head announces more than its body contains.
    func answerTruncated(_ answer: Answer) {
        write(answer, [])
        let half = ByteBuffer(string: String(answer.body.prefix(answer.body.count / 2)))
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(half))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    /// Sends an answer that ends with its connection.
    func answerUntilClosed(_ answer: Answer) {
        write(answer, [], hasLength: false)
        let buffer = ByteBuffer(string: answer.body)
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(buffer))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func close() { channel.close(promise: nil) }

    func schedule(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.scheduleTask(in: .milliseconds(delay.milliseconds), body)
    }

    private func write(_ answer: Answer, _ extra: [(String, String)], hasLength: Bool = true) {
        var headers = HTTPHeaders([("content-type", answer.type)])
        if hasLength { headers.add(name: "content-length", value: String(answer.body.utf8.count)) }
        for (name, value) in extra { headers.add(name: name, value: value) }
        if !keepAlive { headers.add(name: "connection", value: "close") }
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)),
            promise: nil)
    }
}
