public import Foundation
import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Vendors

/// A small HTTP server on a local address: the control socket, or the read-only listener.
///
/// It is Hummingbird's server without its application shell, whose date cache would wake an idle daemon every second.
struct LocalServer: Sendable {
    /// The size limit of a request body, in bytes.
    static let bodyLimit = 64 * 1024

    /// An answer before it is written.
    struct Reply: Sendable {
        var status: HTTPResponse.Status
        var contentType: String
        var body: String

        /// Encodes a document of ours as JSON.
        static func document(_ document: some Encodable) -> Reply {
            do {
                let data = try JSONCoding.encoder.encode(document)
                return Reply(
                    status: .ok, contentType: "application/json", body: String(decoding: data, as: UTF8.self) + "\n")
            } catch {
                return .text(.internalServerError, "the answer cannot be written: \(error)")
            }
        }

        static func json(_ status: HTTPResponse.Status, _ answer: ControlMessage.Answer) -> Reply {
            // The type has only strings, numbers and booleans, which always encode.
            let data = (try? JSONCoding.encoder.encode(answer)) ?? Data()
            return Reply(
                status: status, contentType: "application/json", body: String(decoding: data, as: UTF8.self) + "\n")
        }

        static func page(_ document: String) -> Reply {
            Reply(status: .ok, contentType: "text/html; charset=utf-8", body: document)
        }

        static func text(_ status: HTTPResponse.Status, _ text: String) -> Reply {
            Reply(status: status, contentType: "text/plain; charset=utf-8", body: text + "\n")
        }
    }

    /// Returns the parameters of a request by their names; the first value of each counts.
    static func query(of uri: URI) -> [String: String] {
        let parameters = uri.queryParameters.map { (String($0.key), String($0.value)) }
        return Dictionary(parameters, uniquingKeysWith: { first, _ in first })
    }

    /// A request with its body, and the channel that it arrived on.
    struct Call: Sendable {
        let method: HTTPRequest.Method
        let path: String
        /// The first value of each parameter.
        let query: [String: String]
        let host: String?
        let accept: String?
        let body: Data
        let channel: any Channel
    }

    let address: BindAddress
    let logger: Logger
    /// Called with the server's own channel when connections are accepted; the server ends when that is closed.
    let onRunning: @Sendable (any Channel) -> Void
    /// Called when connections wait because no descriptor is left, at most once a minute.
    let onShortage: @Sendable (IOError) -> Void
    let respond: @Sendable (Call) async -> Reply

    /// The time that a request may take from its head to the end of its answer.
    private static let maxRequestDuration: TimeAmount = .seconds(60)
    /// The limit of connections at once; further ones wait.
    static let maxConnections = 128

    /// The headers that restrict browsers: nothing from elsewhere, nothing inline, in no frame, kept nowhere.
    private static let securityHeaders: HTTPFields = {
        var fields = HTTPFields()
        fields[.cacheControl] = "no-store"
        fields[.xContentTypeOptions] = "nosniff"
        fields[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        for (name, value) in [
            ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Cross-Origin-Opener-Policy", "same-origin"),
        ] {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }()

    /// Serves until the task is cancelled.
    func run() async throws {
        let server = try HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(30))).buildServer(
            configuration: ServerConfiguration(
                address: address, backlog: 64,
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maxConnections)),
            eventLoopGroup: EventLoops.group,
            logger: logger,
            responder: { request, writer, channel in try await handle(request, writer, channel) },
            onServerRunning: { channel in
                let (onShortage, pipeline) = (onShortage, channel.pipeline)
                // A server that has ended already accepts nothing.
                try? await channel.eventLoop.submit {
                    try pipeline.syncOperations.addHandler(AcceptPause(onShortage), position: .first)
                }.get()
                onRunning(channel)
            }
        )
        try await server.run()
    }

    @Sendable private func handle(
        _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
    ) async throws {
        // A client that sends byte by byte is not idle, and would otherwise stay.
        let limit = channel.eventLoop.scheduleTask(in: Self.maxRequestDuration) {
            channel.close(mode: .all, promise: nil)
        }
        defer { limit.cancel() }
        let reply: Reply
        do {
            let body = try await request.body.collect(upTo: Self.bodyLimit)
            let call = Call(
                method: request.method, path: request.uri.path,
                query: Self.query(of: request.uri), host: request.head.authority,
                accept: request.headers[.accept], body: Data(body.readableBytesView), channel: channel
            )
            reply = await respond(call)
        } catch {
            reply = .text(.contentTooLarge, "the request body cannot be read, or is larger than 64 KiB")
        }
        let buffer = ByteBuffer(string: reply.body)
        var head = HTTPResponse(status: reply.status)
        head.headerFields[.contentType] = reply.contentType
        head.headerFields[.contentLength] = String(buffer.readableBytes)
        for field in Self.securityHeaders { head.headerFields[field.name] = field.value }
        var body = try await writer.writeHead(head)
        if request.method != .head { try await body.write(buffer) }
        try await body.finish(nil)
    }
}

/// Stops accepting connections for a second when no descriptor is left for one.
///
/// SwiftNIO's own handler for this only postpones the next read: the server stays registered for the connections that
/// wait, so its event loop is woken for them again at once, for as long as the shortage lasts.
private final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let length: TimeAmount = .seconds(1)
    private static let reportInterval: TimeAmount = .seconds(60)

    private let onShortage: @Sendable (IOError) -> Void
    private var reportedAt: NIODeadline?

    init(_ onShortage: @escaping @Sendable (IOError) -> Void) { self.onShortage = onShortage }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? IOError, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(error.errnoCode) {
            pause(context.channel)
            let now = NIODeadline.now()
            if reportedAt.map({ now - $0 > Self.reportInterval }) ?? true {
                reportedAt = now
                onShortage(error)
            }
        }
        context.fireErrorCaught(error)
    }

    private func pause(_ channel: any Channel) {
        // Setting an option fails on a closed channel, which accepts nothing.
        try? channel.syncOptions?.setOption(.autoRead, value: false)
        channel.eventLoop.scheduleTask(in: Self.length) { try? channel.syncOptions?.setOption(.autoRead, value: true) }
    }
}

/// The JSON form of all documents: snake_case keys, sorted, so that output is the same each time.
public enum JSONCoding {
    /// A new encoder, for one use.
    public static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    /// A new decoder, for one use.
    public static var decoder: JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return decoder
    }
}
