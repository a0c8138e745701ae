import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Planning
import Synchronization

/// The part of a request that is the same for all requests to an endpoint, computed once for each endpoint.
struct Route: Sendable {
    /// True when the endpoint is reached directly although there is a proxy.
    let isDirect: Bool
    private let url: String
    private let message: HTTPClient.Request

    init(to endpoint: Endpoint, userAgent: String) throws(RequestRefusal) {
        url = endpoint.url
        guard Transport.hasPossiblePort(url) else {
            throw RequestRefusal(message: "the endpoint's port is not a number from 1 to 65535")
        }
        // The file's parser rejects this too, but a store that was edited by hand bypasses that parser.
        guard Transport.isEncryptedOrLocal(url) else {
            throw RequestRefusal(message: "the endpoint is neither https nor on loopback: the token would be readable")
        }
        isDirect = Transport.isDirect(url)
        message = try Self.message(
            .POST, to: url,
            headers: [
                "content-type": "application/json", "accept": "application/json", "user-agent": userAgent,
            ])
    }

    /// Returns the request for `content` with `body`, which carries the same bytes and records when it is sent; nil for
    /// none.
    func message(for content: RequestContent, body: HTTPClient.Body?) throws(RequestRefusal) -> HTTPClient.Request {
        var message = message
        if !content.path.isEmpty {
            guard !url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
                throw RequestRefusal(
                    message: "the endpoint has a '?' or '#' part, and the request's path belongs before it: remove it")
            }
            let base = String(url.reversed().drop { $0 == "/" }.reversed())
            let method: HTTPMethod = content.body.isEmpty ? .GET : .POST
            message = try Self.message(method, to: base + content.path, headers: message.headers)
        }
        if content.body.isEmpty { message.headers.remove(name: "content-type") }
        for header in content.headers { message.headers.add(name: header.name, value: header.value) }
        message.body = body
        return message
    }

    private static func message(
        _ method: HTTPMethod, to url: String, headers: HTTPHeaders
    ) throws(RequestRefusal) -> HTTPClient.Request {
        do {
            return try HTTPClient.Request(url: url, method: method, headers: headers)
        } catch {
            throw RequestRefusal(message: "the endpoint is not a URL that can be called: \(error)")
        }
    }
}

/// The routes computed so far.
final class RouteTable: Sendable {
    /// The maximum count of routes to keep. A fleet has a handful; further ones are computed each time.
    private static let maxKept = 1024

    private let userAgent: String
    private let known = Mutex<[Endpoint: Result<Route, RequestRefusal>]>([:])

    init(userAgent: String) { self.userAgent = userAgent }

    func route(to endpoint: Endpoint) throws(RequestRefusal) -> Route {
        if let route = known.withLock({ $0[endpoint] }) { return try route.get() }
        let route = Result { () throws(RequestRefusal) in try Route(to: endpoint, userAgent: userAgent) }
        known.withLock { if $0.count < Self.maxKept { $0[endpoint] = route } }
        return try route.get()
    }
}
