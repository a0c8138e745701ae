import Foundation
import Planning
import SimulatedVendor
import Testing

@testable import Vendors

@Suite("Questions to an observer over real sockets", .timeLimit(.minutes(3)))
struct ObservingTests {
    /// Longer than any healthy exchange takes on a busy machine.
    private static let patience: Duration = .seconds(60)
    private static let enabled =
        #"{"is_pin_enabled":true,"display_phone_number":"+1 555-010-0001","id":"106540352242922"}"#

    /// Sends one request to an observer with a client of its own.
    private func ask(
        _ url: String, requestTimeout: Duration = patience, transport: Transport = Transport()
    ) async throws -> ObserverAnswer {
        let client = HTTPVendorClient(requestTimeout: requestTimeout, transport: transport)
        let answer = await client.observe(try Sample.observation(url))
        await client.shutdown()
        return answer
    }

    private func reason(_ answer: ObserverAnswer) -> OutcomeReason? {
        if case .unknown(let outcome) = answer { outcome.reason } else { nil }
    }

    @Test(arguments: ["", "/"])
    func `it arrives as Meta documents it, with the token in one header and nowhere else`(_ end: String) async throws {
        let server = try await RawServer(.answer(RawServer.http("200 OK", Self.enabled)))
        let client = HTTPVendorClient(requestTimeout: Self.patience, userAgent: "twostepd/1.2.3")
        for _ in 0..<2 {
            #expect(await client.observe(try Sample.observation(server.url + end, token: "EAAJB")) == .enabled)
        }
        await client.shutdown()
        let (seen, port) = (server.seen, server.port)
        try await server.stop()
        #expect(seen.connections == 1, "a connection is used again")
        try #require(seen.requests.count == 2)
        for request in seen.requests {
            let lines = request.components(separatedBy: "\r\n")
            #expect(lines[0] == "GET /api/106540352242922?fields=is_pin_enabled,display_phone_number HTTP/1.1")
            #expect(
                Set(lines[1...].map { $0.lowercased() }) == [
                    "host: 127.0.0.1:\(port)", "accept: application/json", "user-agent: twostepd/1.2.3",
                    "authorization: bearer eaajb", "",
                ])
        }
    }

    private func simulated() async throws -> SimulatedVendor {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "picky", state: .on(pin: "604181"))]
        options.numbers = [
            SimulatedNumber(id: "106540352242922", number: "+1 555-010-0001", token: "token-1"),
            SimulatedNumber(id: "2", number: "+1 555-010-0001", token: "token-1", of: "picky"),
            SimulatedNumber(id: "3", number: "+1 555-010-0003", token: "token-1"),
            SimulatedNumber(id: "4", token: "token-1", state: .on(pin: "604182")),
        ]
        options.slowDelay = .milliseconds(1)
        options.statusesAfter = [408]
        return try await SimulatedVendor(options)
    }

    @Test func `numbers of both vendors are seen as they are, also after a stranger, and mistakes are named`()
        async throws
    {
        let vendor = try await simulated()
        let client = HTTPVendorClient(requestTimeout: Self.patience)
        func ask(id: String, token: String = "token-1") async throws -> ObserverAnswer {
            await client.observe(try Sample.observation(vendor.whatsappURL, id: id, token: token))
        }
        #expect(try await ask(id: "106540352242922") == .disabled)
        #expect(try await ask(id: "2") == .enabled)
        #expect(try await ask(id: "4") == .enabled)
        try vendor.stranger(sets: "picky", to: .off)
        try vendor.stranger(sets: "106540352242922", to: .on(pin: "604183"))
        #expect(try await ask(id: "2") == .disabled)
        #expect(try await ask(id: "106540352242922") == .enabled)
        guard case .unknown(let other) = try await ask(id: "3") else { throw UnexpectedAnswer() }
        #expect(other.reason == .vendorRefused && other.message?.contains("belongs to +15550100003") == true)
        guard case .unknown(let revoked) = try await ask(id: "2", token: "revoked") else { throw UnexpectedAnswer() }
        #expect(revoked.reason == .authenticationRefused && revoked.apiStatus == 190)
        guard case .unknown(let unknown) = try await ask(id: "5") else { throw UnexpectedAnswer() }
        #expect(unknown.reason == .vendorRefused && unknown.apiStatus == 100)
        #expect(vendor.requests.isEmpty && vendor.looks.count == 8)
        await client.shutdown()
        try await vendor.stop()
    }

    private struct UnexpectedAnswer: Error {}

    @Test func `each fault of the vendor is an answer, or unknown for the right reason, and one request`() async throws
    {
        let faults: [(Fault, OutcomeReason?)] = [
            (.closeBefore, .connectionLost), (.closeAfter, .connectionLost), (.landLate, .connectionLost), (.slow, nil),
            (.serverErrorBefore, .serviceUnavailable), (.serverErrorAfter, .serverError), (.html, .malformed),
            (.truncated, .connectionLost), (.oversized, .oversized), (.statusAsString, nil),
            (.tooManyRequests, .rateLimited), (.serviceUnavailable, .serviceUnavailable),
            (.authRefused, .authenticationRefused), (.refuseEnable, nil), (.refuseDisable, nil),
            (.statusAfter, .unexpectedStatus), (.blocked, nil), (.uncleanEnd, nil),
            (.refuseConnection, .connectionLost),
        ]
        #expect(Set(faults.map(\.0)).union([.hang]) == Set(Fault.allCases), "a fault that hangs has a test of its own")
        let vendor = try await simulated()
        let client = HTTPVendorClient(requestTimeout: Self.patience)
        for (fault, expected) in faults {
            let before = vendor.looks.count
            vendor.scriptLooks([fault])
            let answer = await client.observe(try Sample.observation(vendor.whatsappURL, id: "2"))
            #expect(reason(answer) == expected, "\(fault): \(answer)")
            if expected == nil { #expect(answer == .enabled, "\(fault)") }
            if fault == .tooManyRequests, case .unknown(let outcome) = answer {
                #expect(outcome.retryAfter == .seconds(1))
            }
            #expect(vendor.looks.count == before + 1, "\(fault)")
        }
        #expect(vendor.requests.isEmpty)
        await client.shutdown()
        try await vendor.stop()
    }

    /// The answers that a server, or a proxy in between, may write; the reason is nil for a complete answer.
    private static let hostile: [(name: String, bytes: String, reason: OutcomeReason?)] = [
        ("nothing", "", .connectionLost), ("half a head", "HTTP/1.1 200 OK\r\ncontent-le", .connectionLost),
        ("no HTTP", "220 mail.example ESMTP\r\n", .connectionLost),
        ("half a body", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n" + enabled, .connectionLost),
        (
            "half an object", HostileAnswer.whole("200 OK", body: String(enabled.dropLast())), .malformed
        ),
        ("two objects", HostileAnswer.whole("200 OK", body: enabled + enabled), .malformed),
        ("a firewall", HostileAnswer.whole("403 Forbidden", body: "<html>no</html>"), .forbidden),
        ("a firewall with an answer", HostileAnswer.whole("403 Forbidden", body: enabled), .forbidden),
        ("a captive portal", HostileAnswer.whole("200 OK", body: "<html>Welcome</html>"), .malformed),
        ("no content", "HTTP/1.1 204 No Content\r\n\r\n", .malformed),
        ("not modified", "HTTP/1.1 304 Not Modified\r\n\r\n", .unexpectedStatus),
        ("an announced excess", "HTTP/1.1 200 OK\r\ncontent-length: 65537\r\n\r\n" + enabled, .oversized),
        (
            "an excess in chunks",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + String(repeating: "1000\r\n\(String(repeating: " ", count: 4096))\r\n", count: 17) + "0\r\n\r\n",
            .oversized
        ),
        ("hints first", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + whole, nil),
        ("compressed in name only", HostileAnswer.whole("200 OK", "content-encoding: gzip", body: enabled), nil),
        ("not found", HostileAnswer.whole("404 Not Found", body: "<html>"), .clientError),
        ("a gateway's timeout", HostileAnswer.whole("504 Gateway Timeout", body: enabled), .serverError),
    ]
    private static let whole = HostileAnswer.whole("200 OK", body: enabled)

    @Test func `hostile answers are judged, and the question is asked once`() async throws {
        for (name, bytes, expected) in Self.hostile {
            let server = try LoopbackServer { connection in
                connection.readHead()
                connection.write(bytes)
            }
            let answer = try await ask(server.url())
            #expect(reason(answer) == expected, "\(name): \(answer)")
            if expected == nil { #expect(answer == .enabled, "\(name)") }
            #expect(server.requests.count == 1 && server.connectionCount == 1, "\(name)")
        }
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is not followed, so the token goes nowhere else`(_ status: Int) async throws {
        let target = try LoopbackServer { $0.readHead() }
        let location = target.url()
        let server = try LoopbackServer { connection in
            connection.readHead()
            connection.write(HostileAnswer.whole("\(status) Moved", "location: \(location)", body: Self.enabled))
        }
        #expect(reason(try await ask(server.url())) == .unexpectedStatus)
        #expect(target.connectionCount == 0)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nx-slow: ", "HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n" + enabled])
    func `a server that is slow or silent ends with the time limit`(_ start: String) async throws {
        let server = try LoopbackServer { connection in
            connection.readHead()
            connection.write(start)
            if start.isEmpty { connection.waitForEnd() } else { connection.drip(" ") }
        }
        // A busy machine may not even send the request in time; then the time limit is doubled.
        var limit: Duration = .milliseconds(500)
        var answer = try await ask(server.url(), requestTimeout: limit)
        while reason(answer) == .connectTimeout, limit < Self.patience {
            limit *= 2
            answer = try await ask(server.url(), requestTimeout: limit)
        }
        #expect(reason(answer) == .timeout, "\(answer)")
    }

    @Test func `an endpoint that cannot be reached, or must not see the token, gets nothing`() async throws {
        let nobody = try SilentPort()
        #expect(reason(try await ask("http://127.0.0.1:\(nobody.port)/v25.0")) == .connectionRefused)
        withExtendedLifetime(nobody) {}
        let server = try await RawServer(.silent)
        for (url, part) in [
            (server.url + "?access_token=x", "'?' or '#'"), ("http://vendor.invalid/v25.0", "neither https"),
            ("https://localhost:99999", "port"),
        ] {
            guard case .unknown(let outcome) = try await ask(url) else { throw UnexpectedAnswer() }
            #expect(outcome.reason == .notSent && outcome.message?.contains(part) == true, "\(outcome)")
        }
        #expect(server.seen.connections == 0)
        try await server.stop()
    }

    @Test func `without close_notify a whole object is an answer, and a cut one is not, as for other requests`()
        async throws
    {
        let transport = try Transport(caFile: TLSServer.authority, proxy: nil)
        let head = "HTTP/1.1 200 OK\r\n\r\n"
        for (bytes, expected) in [
            (head + Self.enabled, nil), (head + Self.enabled.dropLast(), OutcomeReason.connectionLost),
        ] {
            let server = try await RawServer(.answerAndHangUp(bytes), tls: TLSServer.context(.good))
            let answer = try await ask(server.httpsURL, transport: transport)
            #expect(reason(answer) == expected, "\(answer)")
            try await server.stop()
        }
        let stranger = try await RawServer(
            .answer(RawServer.http("200 OK", Self.enabled)), tls: UntrustedCertificate.serverContext())
        #expect(reason(try await ask(stranger.httpsURL, transport: transport)) == .tlsFailed)
        #expect(stranger.seen.requests.isEmpty, "the token reaches no stranger")
        try await stranger.stop()
    }
}
