import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Vendors

/// The connections below the client, where a server does what only shows in their bookkeeping.
@Suite("Kept connections", .timeLimit(.minutes(3)))
struct HTTPConnectionsTests {
    private static let answer = RawServer.http("200 OK", "{}")
    /// How many calls meet a server that answers and closes before it has read them; TWOSTEPD_HAMMER asks for more.
    private static let hammered = ProcessInfo.processInfo.environment["TWOSTEPD_HAMMER"].flatMap { Int($0) } ?? 1000

    private func call(_ url: String, body: [UInt8] = Array("{}".utf8)) throws -> HTTPCall {
        var call = try HTTPCall(.POST, to: url, bodyLimit: 1024)
        call.body = body
        return call
    }

    @Test(arguments: [2, 2_000_000])
    func `a server that answers and closes before it has read the request ends each call once`(bytes: Int) async throws
    {
        let server = try await RawServer(.greet(Self.answer))
        let connections = HTTPConnections(Transport())
        let count = bytes > 1000 ? Self.hammered / 50 : Self.hammered
        let call = try call(server.url, body: Array(repeating: UInt8(ascii: " "), count: bytes))
        let ends = await withTaskGroup(of: Int.self) { group in
            for lane in 0..<16 {
                group.addTask {
                    var ends = 0
                    for _ in stride(from: lane, to: count, by: 16) {
                        let end = await connections.end(of: call, within: .seconds(60))
                        // Answered in time, or not sent, or lost: and never a second end, which would trap.
                        #expect(end.failure != nil || end.head?.status == .ok)
                        ends += 1
                    }
                    return ends
                }
            }
            return await group.reduce(0, +)
        }
        #expect(ends == count)
        await connections.shutdown()
        try await server.stop()
    }

    @Test func `a connection is used again, and at most as many are open as are permitted`() async throws {
        let server = try await RawServer(.answer(Self.answer))
        var limits = HTTPConnections.Limits()
        limits.connections = 3
        let connections = HTTPConnections(Transport(), limits)
        let call = try call(server.url)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    let end = await connections.end(of: call, within: .seconds(60))
                    #expect(end.failure == nil)
                }
            }
        }
        #expect((1...3).contains(server.seen.connections))
        #expect(server.seen.requests.count == 200)
        await connections.shutdown()
        try await server.stop()
    }

    @Test func `a call that waits for a connection ends with its deadline, and nothing of it is sent`() async throws {
        let server = try await RawServer(.silent)
        var limits = HTTPConnections.Limits()
        limits.connections = 1
        let connections = HTTPConnections(Transport(), limits)
        let call = try call(server.url)
        let first = Task { await connections.end(of: call, within: .seconds(60)) }
        while server.seen.connections == 0 { await Task.yield() }
        let second = await connections.end(of: call, within: .milliseconds(50))
        #expect(!second.hasLeft)
        #expect(second.failure as? HTTPCallError == .deadlineExceeded)
        while server.seen.requests.isEmpty { await Task.yield() }
        first.cancel()
        #expect(await first.value.hasLeft)
        await connections.shutdown()
        try await server.stop()
    }

    @Test func `a cancelled task gives its call up, and a call after the shutdown is refused`() async throws {
        let server = try await RawServer(.silent)
        let connections = HTTPConnections(Transport())
        let call = try call(server.url)
        let task = Task { await connections.end(of: call, within: .seconds(60)) }
        while server.seen.connections == 0 { await Task.yield() }
        task.cancel()
        #expect(await task.value.failure as? HTTPCallError == .cancelled)
        await connections.shutdown()
        let refused = await connections.end(of: call, within: .seconds(60))
        #expect(refused.failure as? HTTPCallError == .shutDown)
        #expect(!refused.hasLeft)
        try await server.stop()
    }

    @Test(arguments: [("x-a", "1\r\nx-b: 2"), ("x-a", "1\n"), ("x a", "1"), ("", "1"), ("x:a", "1"), ("x-a", "\u{0}")])
    func `what would end a line of the head is refused`(_ name: String, _ value: String) throws {
        var call = try call("http://127.0.0.1:1/")
        #expect(throws: HTTPCallError.self) { try call.add(name, value) }
    }

    @Test(arguments: [
        ("https://Example.org", "Example.org", "/"), ("http://[::1]:8080/a%20b?c=d#e", "[::1]:8080", "/a%20b?c=d"),
        ("http://127.0.0.1:80/x/", "127.0.0.1:80", "/x/"),
    ])
    func `a URL is read as it is written`(_ url: String, _ host: String, _ target: String) throws {
        let call = try HTTPCall(.GET, to: url, bodyLimit: 0)
        #expect(call.headers["host"] == [host])
        #expect(call.target == target)
    }

    @Test(arguments: [
        "", "x", "ftp://a/", "http://", "http:///x", "http://a:0/", "http://a:65536/", "http://u:p@a/",
    ])
    func `what is no URL that can be called is refused`(_ url: String) {
        #expect(throws: HTTPCallError.self) { try HTTPCall(.GET, to: url, bodyLimit: 0) }
    }

    @Test func `bytes behind an answer close the connection, and never meet the next request`() async throws {
        let server = try await RawServer(.answer(Self.answer + RawServer.http("500 Oops", "second")))
        var limits = HTTPConnections.Limits()
        limits.connections = 1
        let connections = HTTPConnections(Transport(), limits)
        let call = try call(server.url)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let end = await connections.end(of: call, within: .seconds(60))
                    #expect(end.failure == nil && end.head?.status == .ok, "\(end)")
                }
            }
        }
        #expect(server.seen.connections == 20)
        await connections.shutdown()
        try await server.stop()
    }

    @Test func `after a change of protocol the connection is not used again`() async throws {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"
        let server = try await RawServer(.answer(answer))
        let connections = HTTPConnections(Transport())
        for _ in 0..<2 {
            let end = await connections.end(of: try call(server.url), within: .seconds(60))
            #expect(end.head?.status == .switchingProtocols)
        }
        #expect(server.seen.connections == 2)
        await connections.shutdown()
        try await server.stop()
    }

    @Test func `a shutdown ends calls whose connection is being made, and answers that are not complete`() async throws
    {
        let server = try await RawServer(.silent)
        let cut = try await RawServer(.drip("HTTP/1.1 200 OK\r\n\r\n{}"))
        let connections = HTTPConnections(Transport())
        let (first, second) = (try call(server.httpsURL), try call(cut.url))
        async let shaking = connections.end(of: first, within: .seconds(60))
        async let reading = connections.end(of: second, within: .seconds(60))
        while server.seen.connections == 0 || cut.seen.requests.isEmpty { await Task.yield() }
        await connections.shutdown()
        let (shaken, read) = await (shaking, reading)
        #expect(shaken.failure as? HTTPCallError == .shutDown && !shaken.hasLeft)
        #expect(read.failure != nil)
        try await server.stop()
        try await cut.stop()
    }
}
