import AsyncHTTPClient
import Foundation
import NIOHTTP1
import Planning
import Synchronization

/// How an endpoint is reached: all of a request but its body, worked out once for each endpoint.
struct Route: Sendable {
    /// Whether it is reached directly although there is a proxy.
    let isDirect: Bool
    private let message: HTTPClient.Request

    /// Why nothing is sent to an endpoint.
    struct Refusal: Error {
        let message: String
    }

    init(to endpoint: Endpoint, userAgent: String) throws(Refusal) {
        let url = endpoint.url
        guard Self.hasPossiblePort(url) else {
            throw Refusal(message: "the endpoint's port is not a number from 1 to 65535")
        }
        // The reader of the file refuses this too; a store that somebody edited does not go through that reader.
        guard Transport.isEncryptedOrLocal(url) else {
            throw Refusal(message: "the endpoint is neither https nor on loopback: the token would be readable")
        }
        isDirect = Transport.isDirect(url)
        do {
            message = try HTTPClient.Request(
                url: url, method: .POST,
                headers: [
                    "content-type": "application/json", "accept": "application/json", "user-agent": userAgent,
                ])
        } catch {
            throw Refusal(message: "the endpoint is no URL that can be called: \(error)")
        }
    }

    func message(with body: HTTPClient.Body) -> HTTPClient.Request {
        var message = message
        message.body = body
        return message
    }

    /// Whether a URL has no port, or one that there can be: the network library ends the process over any other.
    private static func hasPossiblePort(_ url: String) -> Bool {
        guard let port = URL(string: url)?.port else { return true }
        return (1...65_535).contains(port)
    }
}

/// The routes that were worked out so far.
final class RouteTable: Sendable {
    /// A fleet has a handful; what comes on top is worked out each time.
    private static let mostKept = 1024

    private let userAgent: String
    private let known = Mutex<[Endpoint: Result<Route, Route.Refusal>]>([:])

    init(userAgent: String) { self.userAgent = userAgent }

    func route(to endpoint: Endpoint) -> Result<Route, Route.Refusal> {
        if let route = known.withLock({ $0[endpoint] }) { return route }
        let route = Result { () throws(Route.Refusal) in try Route(to: endpoint, userAgent: userAgent) }
        known.withLock { if $0.count < Self.mostKept { $0[endpoint] = route } }
        return route
    }
}
