import Planning
import Testing
import Vendors

/// An answer that a server, or a proxy in between, may write to one request; the connection is closed after it.
struct HostileAnswer: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: String
    let reasons: Set<OutcomeReason>

    /// - Parameter endsByClosing: whether only the close ends the answer. A close that is noticed before the request
    ///   counts as completely written is treated as a lost connection, which is in doubt and so does no harm.
    init(_ name: String, _ bytes: String, _ reason: OutcomeReason, endsByClosing: Bool = false) {
        testDescription = name
        self.bytes = bytes
        reasons = endsByClosing ? [reason, .connectionLost] : [reason]
    }

    static let body = #"{"status":100,"message":"Success"}"#

    /// Returns an answer with a correct length and with these header lines.
    static func whole(_ status: String, _ lines: String..., body: String = body) -> String {
        (["HTTP/1.1 \(status)", "content-length: \(body.utf8.count)"] + lines).joined(separator: "\r\n")
            + "\r\n\r\n" + body
    }

    static let all: [HostileAnswer] = [
        HostileAnswer("nothing", "", .connectionLost),
        HostileAnswer("half a head", "HTTP/1.1 200 OK\r\ncontent-le", .connectionLost),
        HostileAnswer("no HTTP", "220 mail.example ESMTP\r\n", .connectionLost),
        HostileAnswer(
            "an endless header", "HTTP/1.1 200 OK\r\nx: \(String(repeating: "x", count: 300_000))", .connectionLost),
        HostileAnswer("only interim answers", "HTTP/1.1 100 Continue\r\n\r\n", .connectionLost),
        HostileAnswer("an interim answer first", "HTTP/1.1 100 Continue\r\n\r\n" + whole("200 OK"), .success),
        HostileAnswer("hints first", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + whole("200 OK"), .success),
        HostileAnswer("half a body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + body, .connectionLost),
        HostileAnswer("no length, whole", "HTTP/1.1 200 OK\r\n\r\n" + body, .success, endsByClosing: true),
        HostileAnswer("no length, half", "HTTP/1.1 200 OK\r\n\r\n" + body.dropLast(), .malformed, endsByClosing: true),
        HostileAnswer("HTTP 1.0", "HTTP/1.0 200 OK\r\n\r\n" + body, .success, endsByClosing: true),
        HostileAnswer("two lengths", whole("200 OK", "content-length: 7"), .connectionLost),
        HostileAnswer("a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n" + body, .connectionLost),
        HostileAnswer(
            "a length too large for a number", "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n",
            .connectionLost),
        HostileAnswer(
            "a length beyond the limit", "HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n" + body, .oversized),
        HostileAnswer(
            "chunks, whole", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n22\r\n\(body)\r\n0\r\n\r\n", .success
        ),
        HostileAnswer(
            "chunks, half", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n22\r\n\(body)\r\n", .connectionLost),
        HostileAnswer(
            "a chunk that is none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", .connectionLost),
        HostileAnswer(
            "chunks beyond the limit",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + String(repeating: "1000\r\n\(String(repeating: " ", count: 4096))\r\n", count: 17) + "0\r\n\r\n",
            .oversized),
        HostileAnswer(
            "too much without a length", "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: " ", count: 70_000), .oversized,
            endsByClosing: true),
        HostileAnswer("a body after no content", "HTTP/1.1 204 No Content\r\n\r\n" + body, .malformed),
        HostileAnswer("not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", .unexpectedStatus),
        HostileAnswer("compressed in name only", whole("200 OK", "content-encoding: gzip"), .success),
        HostileAnswer(
            "a cookie and an alternative", whole("200 OK", "set-cookie: a=b", "alt-svc: h3=\":1\""), .success),
        HostileAnswer("a lower code with a success", whole("503 Busy"), .serverError),
        HostileAnswer(
            "gateway timeout half", "HTTP/1.1 504 Gateway Timeout\r\ncontent-length: 9\r\n\r\nx", .serverError),
    ]
}

@Suite("The client and servers that mean no good", .timeLimit(.minutes(3)))
struct HostileServerTests {
    /// Longer than any healthy exchange takes on a busy machine.
    private static let patience: Duration = .seconds(60)

    /// Sends one enable with a client of its own.
    private func send(
        _ url: String, requestTimeout: Duration = patience, connectTimeout: Duration = patience
    ) async throws -> Outcome {
        let client = HTTPVendorClient(requestTimeout: requestTimeout, connectTimeout: connectTimeout)
        let outcome = await client.send(try Sample.enable(url))
        await client.shutdown()
        return outcome
    }

    @Test(arguments: HostileAnswer.all)
    func `each answer is judged, and the request is sent once`(_ answer: HostileAnswer) async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(answer.bytes)
        }
        let outcome = try await send(server.url())
        #expect(answer.reasons.contains(outcome.reason), "\(outcome)")
        #expect(server.requests.count == 1)
        #expect(server.connectionCount == 1)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n" + HostileAnswer.body,
        "HTTP/1.1 200 OK\r\ncontent-length: 65000\r\n\r\n" + HostileAnswer.body,
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n22\r\n\(HostileAnswer.body)\r\n",
    ])
    func `an answer that comes drop by drop ends with the time limit, in doubt`(_ start: String) async throws {
        // After a chunked head each drop is a chunk; elsewhere it is an interim answer or a space.
        let drop = start.contains("chunked") ? "1\r\n \r\n" : start.isEmpty ? "HTTP/1.1 100 Continue\r\n\r\n" : " "
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(start)
            connection.drip(drop)
        }
        // A busy machine may not even send the request in time; then nothing is lost, and the time limit is doubled.
        var limit: Duration = .milliseconds(500)
        var outcome = try await send(server.url(), requestTimeout: limit)
        while outcome.verdict == .noEffect, limit < Self.patience {
            #expect(server.requests.isEmpty)
            limit *= 2
            outcome = try await send(server.url(), requestTimeout: limit)
        }
        #expect(outcome.verdict == .inDoubt, "\(outcome)")
        #expect(server.requests.count <= 1)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is not followed, not even to somewhere else`(_ status: Int) async throws {
        let target = try LoopbackServer { $0.readRequest() }
        let location = target.url()
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(HostileAnswer.whole("\(status) Moved", "location: \(location)"))
        }
        let outcome = try await send(server.url())
        #expect(outcome.reason == .unexpectedStatus)
        #expect(outcome.httpStatus == status)
        #expect(target.connectionCount == 0)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + HostileAnswer.body,
    ])
    func `a reset after the request is in doubt, with and without an answer's beginning`(_ start: String) async throws {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(start)
            connection.resetAtEnd()
        }
        #expect(try await send(server.url()).reason == .connectionLost)
        #expect(server.requests.count == 1)
    }

    @Test func `a connection that is reset at once is never taken for an answer`() async throws {
        let server = try LoopbackServer { $0.resetAtEnd() }
        for _ in 0..<30 {
            let outcome = try await send(server.url())
            #expect(outcome.verdict == .noEffect || outcome.verdict == .inDoubt, "\(outcome)")
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `a server that closes each connection after its answer gets each request once, whoever notices first`()
        async throws
    {
        let server = try LoopbackServer { connection in
            connection.readRequest()
            connection.write(HostileAnswer.whole("200 OK"))
        }
        let client = HTTPVendorClient(requestTimeout: Self.patience)
        var answered = 0
        for _ in 0..<50 {
            let outcome = await client.send(try Sample.disable(server.url()))
            // The client may write into a connection that the server has just closed; then it must not claim a result.
            #expect([.success, .connectionLost, .notSent].contains(outcome.reason), "\(outcome)")
            if outcome.reason == .success { answered += 1 }
        }
        await client.shutdown()
        #expect(answered > 0)
        #expect(server.requests.count == answered)
    }

    @Test(arguments: [true, false])
    func `a TLS handshake that is never answered has no effect, whichever limit ends it`(connectFirst: Bool)
        async throws
    {
        let server = try LoopbackServer { $0.waitForEnd() }
        let outcome = try await send(
            server.url(scheme: "https"), requestTimeout: connectFirst ? Self.patience : .milliseconds(400),
            connectTimeout: connectFirst ? .milliseconds(400) : Self.patience)
        #expect([.connectTimeout, .tlsFailed].contains(outcome.reason), "\(outcome)")
    }

    @Test(arguments: ["HTTP/1.1 400 Bad\r\n\r\n", "", "reset"])
    func `a TLS server that is none, closes or resets leaves the request unsent`(_ answer: String) async throws {
        let server = try LoopbackServer { connection in
            if answer == "reset" { connection.resetAtEnd() } else { connection.write(answer) }
        }
        let outcome = try await send(server.url(scheme: "https"))
        #expect(outcome.verdict == .noEffect, "\(outcome)")
        #expect(outcome.reason.neverSent)
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `nobody listens: refused by address and by name`(host: String) async throws {
        let server = try LoopbackServer { $0.waitForEnd() }
        let url = server.url(host: host)
        server.stop()
        // The listener is closed by its own thread.
        var outcome = try await send(url)
        for _ in 0..<500 where outcome.reason != .connectionRefused {
            #expect(outcome.verdict != .accepted)
            outcome = try await send(url)
        }
        #expect(outcome.reason == .connectionRefused)
        #expect(outcome.message?.isEmpty == false)
    }

    @Test(arguments: [
        "", "x", "http://", "https:///api", "ftp://127.0.0.1/", "file:///etc/passwd", "http+unix://%2ftmp%2fx/",
        "http://127.0.0.1:99999/", "http://127.0.0.1:65536/",
        "http://127.0.0.1:0/", "http://127.0.0.1:-1/", "http://[::1]:70000/", "https://localhost:70000/",
        "http://127.0.0.1:99999999999999999999/", "http://[::1", "http://127.0.0.1 /", "http://\u{0}/",
    ])
    func `an endpoint that is no URL of a web server is never sent to`(_ url: String) async throws {
        let outcome = try await send(url)
        #expect(outcome.verdict == .noEffect, "\(outcome)")
        #expect(outcome.reason.neverSent)
    }
}
