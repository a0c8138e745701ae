import Foundation
import NIOCore
import NIOHTTP1
import Planning

/// A server that can be called over kept connections: one per address, with or without TLS.
struct Origin: Hashable, Sendable {
    /// Where the connection goes.
    enum Address: Hashable, Sendable {
        /// A host name or an IP address without brackets, and a TCP port.
        case network(host: String, port: Int)
        /// A Unix domain socket.
        case socket(path: String)
    }

    let address: Address
    let isTLS: Bool
    /// True when the proxy, if one is set, is used to reach the server.
    let usesProxy: Bool

    /// A Unix domain socket, without TLS.
    init(socket path: String) {
        address = .socket(path: path)
        isTLS = false
        usesProxy = false
    }

    init(host: String, port: Int, isTLS: Bool) {
        address = .network(host: host, port: port)
        self.isTLS = isTLS
        usesProxy = !LoopbackHost.contains(host)
    }
}

/// One HTTP/1.1 request, ready to be written.
struct HTTPCall: Sendable {
    /// The handling of a body that is larger than the limit.
    enum Excess: Hashable, Sendable {
        /// The call fails with ``HTTPCallError/oversized``.
        case fails
        /// The rest is read and discarded.
        case isDropped
    }

    let origin: Origin
    var method: HTTPMethod
    /// Path and query.
    var target: String
    /// The headers, with `host` and without `content-length`.
    private(set) var headers: HTTPHeaders
    var body: [UInt8] = []
    /// The size limit of the answer's body, in bytes.
    var bodyLimit: Int
    var excess = Excess.fails

    /// Creates a request to an `http` or `https` URL; throws ``HTTPCallError/invalid(_:)`` for any other.
    init(_ method: HTTPMethod, to url: String, bodyLimit: Int) throws(HTTPCallError) {
        guard let parts = URLComponents(string: url), let scheme = parts.scheme?.lowercased() else {
            throw .invalid("it is no URL")
        }
        guard ["http", "https"].contains(scheme) else { throw .invalid("its scheme is neither https nor http") }
        guard let encoded = parts.encodedHost, !encoded.isEmpty else { throw .invalid("it names no host") }
        // Checks elsewhere read the decoded form of the URL, and would see another host.
        guard !encoded.contains("%") else { throw .invalid("its host has an escape sequence") }
        guard parts.user == nil, parts.password == nil else { throw .invalid("it has a user or password part") }
        let host = encoded.hasPrefix("[") ? String(encoded.dropFirst().dropLast()) : encoded
        let isTLS = scheme == "https"
        let port = parts.port ?? (isTLS ? 443 : 80)
        guard (1...65_535).contains(port) else { throw .invalid("its port is not a number from 1 to 65535") }
        self.method = method
        self.bodyLimit = bodyLimit
        let path = parts.percentEncodedPath
        target = (path.isEmpty ? "/" : path) + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
        origin = Origin(host: host, port: port, isTLS: isTLS)
        headers = [:]
        try add("host", parts.port == nil ? encoded : "\(encoded):\(port)")
    }

    /// Creates a request over a Unix domain socket.
    init(_ method: HTTPMethod, _ target: String, toSocket path: String, bodyLimit: Int) {
        origin = Origin(socket: path)
        self.method = method
        self.target = target
        self.bodyLimit = bodyLimit
        headers = ["host": "localhost"]
    }

    /// Adds a header. Throws ``HTTPCallError/invalid(_:)`` for a name or a value with characters that are not
    /// permitted, such as a line break, which would start another header.
    mutating func add(_ name: String, _ value: String) throws(HTTPCallError) {
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isToken) else {
            throw .invalid("the name of a header has a character that no name may have")
        }
        guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
            throw .invalid("the value of header \(name) has a control character")
        }
        headers.add(name: name, value: value)
    }

    mutating func remove(_ name: String) { headers.remove(name: name) }

    /// The head of the request, with `content-length`.
    var head: HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: headers)
        if !body.isEmpty { head.headers.add(name: "content-length", value: String(body.count)) }
        return head
    }

    /// Returns true for a character of a token: RFC 9110, section 5.6.2.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// The end of a call.
struct HTTPCallEnd: Sendable {
    /// True when bytes of the request may have been sent. While it is false, the server cannot have done anything.
    var hasLeft = false
    var head: HTTPResponseHead?
    var body = ByteBuffer()
    /// The reason why the answer is not complete; nil when it is complete.
    var failure: (any Error)?
}

/// The reasons why a call ended without a complete answer, besides SwiftNIO's own errors of the network and of TLS.
enum HTTPCallError: Error, Hashable, CustomStringConvertible {
    /// The request is invalid, for this reason.
    case invalid(String)
    /// The call's deadline has passed.
    case deadlineExceeded
    /// No connection was made in time.
    case connectTimeout
    /// TLS was not established in time.
    case tlsTimeout
    /// The connection ended during the TLS handshake, for this reason.
    case tlsInterrupted(String)
    /// The certificate is valid for an address, and not for the name that was called.
    case wrongName
    /// The proxy did not open a tunnel.
    case proxyRefused(String)
    /// The peer closed the connection before the answer was complete.
    case closed
    /// The answer's body exceeds the size limit.
    case oversized
    /// The caller cancelled the call.
    case cancelled
    /// The connections were shut down.
    case shutDown
    /// The queue of calls that wait for a connection is full.
    case tooManyWaiting

    var description: String {
        switch self {
        case .invalid(let problem): problem
        case .deadlineExceeded: "the time limit of the request has passed"
        case .connectTimeout: "no connection within the time limit"
        case .tlsTimeout: "no TLS handshake within the time limit"
        case .tlsInterrupted(let problem): "the connection ended during the TLS handshake: \(problem)"
        case .wrongName: "the certificate is for another name"
        case .proxyRefused(let problem): "the proxy opened no tunnel: \(problem)"
        case .closed: "the connection was closed before the answer was complete"
        case .oversized: "the answer is larger than the limit"
        case .cancelled: "cancelled"
        case .shutDown: "the client is shut down"
        case .tooManyWaiting: "too many requests wait for a connection"
        }
    }

    var isTimeout: Bool {
        switch self {
        case .deadlineExceeded, .connectTimeout, .tlsTimeout: true
        case .invalid, .tlsInterrupted, .wrongName, .proxyRefused, .closed, .oversized, .cancelled, .shutDown,
            .tooManyWaiting:
            false
        }
    }
}
