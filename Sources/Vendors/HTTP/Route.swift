import Foundation
import NIOHTTP1
import Planning
import Synchronization

/// The part of a request that is the same for all requests to an endpoint, computed once for each endpoint.
struct Route: Sendable {
    private let url: String
    private let call: HTTPCall

    init(to endpoint: Endpoint, userAgent: String) throws(RequestRefusal) {
        url = endpoint.url
        call = try Self.refusing { () throws(HTTPCallError) in
            var call = try HTTPCall(.POST, to: endpoint.url, bodyLimit: HTTPVendorClient.bodyLimit)
            try call.add("content-type", "application/json")
            try call.add("accept", "application/json")
            try call.add("user-agent", userAgent)
            return call
        }
        // The file's reader refuses this as well, but it does not read a store that was edited by hand.
        guard call.origin.isTLS || !call.origin.usesProxy else {
            throw RequestRefusal(message: "the endpoint is neither https nor on loopback: the token would be readable")
        }
    }

    /// The call for `content`.
    func call(for content: RequestContent) throws(RequestRefusal) -> HTTPCall {
        var call = call
        if !content.path.isEmpty {
            guard !url.utf8.contains(where: { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }) else {
                throw RequestRefusal(
                    message: "the endpoint has a '?' or '#' part, and the request's path belongs before it: remove it")
            }
            call.target = String(call.target.reversed().drop { $0 == "/" }.reversed()) + content.path
        }
        if content.body.isEmpty {
            call.method = .GET
            call.remove("content-type")
        }
        call.body = content.body
        return try Self.refusing { [call] () throws(HTTPCallError) in
            var call = call
            for header in content.headers { try call.add(header.name, header.value) }
            return call
        }
    }

    private static func refusing(_ make: () throws(HTTPCallError) -> HTTPCall) throws(RequestRefusal) -> HTTPCall {
        do {
            return try make()
        } catch {
            throw RequestRefusal(message: "the endpoint cannot be called: \(error)")
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
