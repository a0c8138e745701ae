import Foundation
import NIOCore
import NIOHTTP1

/// Writes answers of every kind to one connection, good and bad.
struct Wire: Sendable {
    let channel: any Channel
    let keepAlive: Bool

    /// A well-formed answer of the vendor.
    func answer(_ status: HTTPResponseStatus, _ verdict: VendorModel.Verdict) {
        answer(status, Self.json(verdict), type: "application/json")
    }

    func answer(
        _ status: HTTPResponseStatus, _ text: String, type: String, headers extra: [(String, String)] = []
    ) {
        let buffer = ByteBuffer(string: text)
        write(status, length: buffer.readableBytes, type: type, extra)
        channel.write(HTTPServerResponsePart.body(.byteBuffer(buffer)), promise: nil)
        let end = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        if !keepAlive { end.whenComplete { _ in channel.close(promise: nil) } }
    }

    /// The head promises more than comes.
    func answerTruncated(_ verdict: VendorModel.Verdict) {
        let text = Self.json(verdict)
        write(.ok, length: text.utf8.count, type: "application/json", [])
        let half = ByteBuffer(string: String(text.prefix(text.count / 2)))
        channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(half))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    /// Far more than any answer needs.
    func answerOversized() {
        let text = "{\"status\":100,\"message\":\"" + String(repeating: "x", count: 256 * 1024) + "\"}"
        answer(.ok, text, type: "application/json")
    }

    func close() { channel.close(promise: nil) }

    func schedule(_ delay: Duration, _ body: @escaping @Sendable () -> Void) {
        channel.eventLoop.scheduleTask(in: .milliseconds(delay.milliseconds), body)
    }

    private func write(
        _ status: HTTPResponseStatus, length: Int, type: String, _ extra: [(String, String)]
    ) {
        var headers = HTTPHeaders([("content-type", type), ("content-length", String(length))])
        for (name, value) in extra { headers.add(name: name, value: value) }
        if !keepAlive { headers.add(name: "connection", value: "close") }
        channel.write(
            HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)),
            promise: nil)
    }

    private static func json(_ verdict: VendorModel.Verdict) -> String {
        "{\"status\":\(verdict.status),\"message\":\"\(verdict.message)\"}"
    }
}
