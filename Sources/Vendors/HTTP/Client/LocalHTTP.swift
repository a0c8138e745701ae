import NIOCore
public import NIOHTTP1

/// One HTTP request to a program on this machine that listens on a Unix domain socket.
public enum LocalHTTP {
    /// Sends a request over a connection of its own, and returns the body of its answer, whatever the status is.
    ///
    /// - Parameters:
    ///   - method: the request's method.
    ///   - target: path and query.
    ///   - body: JSON; empty for none.
    ///   - socket: the path of the socket.
    ///   - limit: the largest body that is read, in bytes.
    ///   - timeout: the time that all of it may take.
    /// - Throws: an error of the network, or one that describes itself in one line.
    public static func send(
        _ method: HTTPMethod, _ target: String, body: [UInt8] = [], toSocket socket: String, limit: Int,
        within timeout: Duration
    ) async throws -> [UInt8] {
        let connections = HTTPConnections(nil)
        var call = HTTPCall(method, target, toSocket: socket, bodyLimit: limit)
        if !body.isEmpty {
            call.body = body
            try call.add("content-type", "application/json")
        }
        let end = await connections.end(of: call, within: timeout)
        // Only the connection is closed with it, and the answer has come or has not.
        await connections.shutdown()
        if let failure = end.failure { throw failure }
        return Array(end.body.readableBytesView)
    }
}
