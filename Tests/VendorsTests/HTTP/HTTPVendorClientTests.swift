import Foundation
import Planning
import SimulatedVendor
import Synchronization
import Testing

@testable import Vendors

@Suite("The client over real sockets", .timeLimit(.minutes(2)))
struct HTTPVendorClientTests {
    @Test(arguments: Scene.allCases)
    func `each way that a request can end gets its reason, and one request is sent at most`(_ scene: Scene) async throws
    {
        let outcome = try await scene.play(.enable(try #require(PIN(digits: "987123"))))
        #expect(outcome.reason == scene.reason, "\(outcome)")
    }

    @Test func `the scenes cover every reason that the client can give`() {
        let others: Set<OutcomeReason> = [.tokenUnavailable, .daemonStopped]
        #expect(Set(Scene.allCases.map(\.reason)).union(others) == Set(OutcomeReason.allCases))
    }

    @Test func `enable and disable arrive as the vendor documents them, headers and bytes`() async throws {
        let server = try await RawServer(
            .answer(RawServer.http("200 OK", "{\"status\":\"100\",\"message\":\"Success\"}")))
        let client = HTTPVendorClient(requestTimeout: .seconds(30), userAgent: "twostepd/1.2.3")
        #expect(await client.send(try Sample.enable(server.url, token: "abc", pin: "987123")).verdict == .accepted)
        #expect(await client.send(try Sample.disable(server.url, token: "abc")).verdict == .accepted)
        await client.shutdown()
        let seen = server.seen
        let port = server.port
        try await server.stop()
        let bodies = [#"{"token":"abc","action":0,"pin":"987123"}"#, #"{"token":"abc","action":1}"#]
        #expect(seen.connections == 1, "a connection is used again")
        try #require(seen.requests.count == 2)
        for (request, body) in zip(seen.requests, bodies) {
            let lines = request.components(separatedBy: "\r\n")
            #expect(lines[0] == "POST /api HTTP/1.1")
            #expect(lines.last == body)
            let headers = Set(lines[1..<(lines.count - 2)].map { $0.lowercased() })
            #expect(
                headers == [
                    "host: 127.0.0.1:\(port)", "content-type: application/json", "accept: application/json",
                    "user-agent: twostepd/1.2.3", "content-length: \(body.utf8.count)",
                ])
        }
    }

    @Test(arguments: ["", "/", "//"])
    func `a WhatsApp enable arrives as Meta documents it, with the token in one header and nowhere else`(_ end: String)
        async throws
    {
        let server = try await RawServer(.answer(RawServer.http("200 OK", "{\"success\":true}")))
        let client = HTTPVendorClient(requestTimeout: .seconds(30), userAgent: "twostepd/1.2.3")
        for id in ["106540352242922", "7"] {
            let outcome = await client.send(try Sample.whatsapp(server.url + end, id: id, token: "EAAJB"))
            #expect(outcome == Outcome(.success, httpStatus: 200))
        }
        await client.shutdown()
        let seen = server.seen
        let port = server.port
        try await server.stop()
        #expect(seen.connections == 1, "a connection is used again, whichever number it is for")
        try #require(seen.requests.count == 2)
        for (request, id) in zip(seen.requests, ["106540352242922", "7"]) {
            let lines = request.components(separatedBy: "\r\n")
            #expect(lines[0] == "POST /api/\(id) HTTP/1.1")
            #expect(lines.last == #"{"pin":"987123"}"#)
            #expect(
                Set(lines[1..<(lines.count - 2)].map { $0.replacing("EAAJB", with: "(token)").lowercased() }) == [
                    "host: 127.0.0.1:\(port)", "content-type: application/json", "accept: application/json",
                    "user-agent: twostepd/1.2.3", "content-length: 16", "authorization: bearer (token)",
                ])
            #expect(lines.filter { $0.contains("EAAJB") } == ["authorization: Bearer EAAJB"])
        }
    }

    @Test func `a request that the WhatsApp Cloud API does not have is not sent, and the outcome says why`()
        async throws
    {
        let server = try await RawServer(.silent)
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        let base = server.url
        for (request, part) in [
            (try Sample.whatsapp(base, operation: .disable), "cannot disable"),
            (try Sample.whatsapp(base, id: nil), "phone_number_id"),
            (try Sample.whatsapp(base + "?access_token=x"), "'?' or '#'"),
            (try Sample.whatsapp("http://vendor.invalid/v25.0"), "neither https"),
            (try Sample.whatsapp("https://localhost:99999"), "port"),
        ] {
            let outcome = await client.send(request)
            #expect(outcome.reason == .notSent && outcome.message?.contains(part) == true, "\(outcome)")
        }
        await client.shutdown()
        #expect(server.seen.connections == 0)
        try await server.stop()
    }

    @Test func `an id that Meta echoes with the token and the PIN leaves neither in the outcome`() async throws {
        let body = #"{"error":{"message":"Bearer EAAJB may not set 987123 of 106540352242922","code":100}}"#
        let server = try await RawServer(.answer(RawServer.http("400 Bad Request", body)))
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        let outcome = await client.send(try Sample.whatsapp(server.url, token: "EAAJB"))
        #expect(
            outcome
                == Outcome(
                    .vendorRefused, httpStatus: 400, apiStatus: 100,
                    message: "Bearer [redacted] may not set [redacted] of 106540352242922"))
        await client.shutdown()
        try await server.stop()
    }

    @Test func `the simulated vendor records the same bytes`() async throws {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "abc")]
        let vendor = try await SimulatedVendor(options)
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        for request in [try Sample.enable(vendor.url, token: "abc"), try Sample.disable(vendor.url, token: "abc")] {
            #expect(await client.send(request).verdict == .accepted)
            #expect(vendor.requests.last.map { Array($0.body) } == (try request.content().body))
        }
        await client.shutdown()
        try await vendor.stop()
    }

    @Test
    func `a kept connection that breaks under the next request leaves that one in doubt, and the one after it works`()
        async throws
    {
        let server = try await RawServer(.answerOnceThenReset(RawServer.http("200 OK", "{\"status\":100}")))
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        #expect(await client.send(try Sample.disable(server.url)).reason == .success)
        #expect(await client.send(try Sample.disable(server.url)).reason == .connectionLost)
        #expect(await client.send(try Sample.disable(server.url)).reason == .success)
        #expect(server.seen.requests.count == 3)
        await client.shutdown()
        try await server.stop()
    }

    @Test func `many requests at once each get their own answer`() async throws {
        var options = SimulatedVendor.Options()
        options.tokens = (0..<64).map { SimulatedToken(token: "token-\($0)") }
        let vendor = try await SimulatedVendor(options)
        let client = HTTPVendorClient(requestTimeout: .seconds(60))
        let url = vendor.url
        try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
            for number in 0..<256 {
                let token = number < 64 ? "token-\(number)" : "stranger-\(number)"
                let request = try Sample.enable(url, token: token)
                group.addTask { (number, await client.send(request)) }
            }
            for try await (number, outcome) in group {
                #expect(outcome.reason == (number < 64 ? .success : .authenticationRefused), "\(outcome)")
            }
        }
        #expect(vendor.truth.values.allSatisfy { $0 == .on(pin: "987123") })
        #expect(vendor.requests.count == 256)
        await client.shutdown()
        try await vendor.stop()
    }

    @Test func `no fault ever makes a false statement: not sent means not done, accepted means done`() async throws {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "token-1")]
        options.slowDelay = .milliseconds(1)
        options.lateDelay = .seconds(600)
        options.refusalTime = .milliseconds(1)
        options.seed = 7
        let vendor = try await SimulatedVendor(options)
        vendor.setFaults(Fault.every(0.05).filter { $0.key != .hang })
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        var reasons: Set<OutcomeReason> = []
        for number in 0..<600 {
            let before = vendor.truth["token-1"]
            let pin = String(100_000 + number)
            let outcome = await client.send(
                try number % 2 == 0 ? Sample.enable(vendor.url, pin: pin) : Sample.disable(vendor.url))
            let after = vendor.truth["token-1"]
            reasons.insert(outcome.reason)
            switch outcome.verdict {
            case .accepted: #expect(after == (number % 2 == 0 ? .on(pin: pin) : .off))
            case .noEffect, .refused: #expect(after == before, "\(outcome)")
            case .inDoubt: break
            }
        }
        #expect(reasons.count >= 8, "\(reasons)")
        await client.shutdown()
        try await vendor.stop()
    }

    @Test func `a client that was shut down sends nothing and says so`() async throws {
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        await client.shutdown()
        await client.shutdown()
        #expect(await client.send(try Sample.disable()).reason == .notSent)
    }

    @Test(arguments: [0, 65_536, 99_999_999])
    func `a port that there cannot be sends nothing and ends nothing`(_ port: Int) async throws {
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        #expect(await client.send(try Sample.disable("http://127.0.0.1:\(port)/")).reason == .notSent)
        await client.shutdown()
    }

    @Test func `what a vendor echoes of the request is not in the outcome`() async throws {
        let body = "{\"status\":404,\"message\":\"canary-token with 987123 is gone\"}"
        let server = try await RawServer(.answer(RawServer.http("200 OK", body)))
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        let outcome = await client.send(try Sample.enable(server.url, token: "canary-token", pin: "987123"))
        #expect(outcome.message == "[redacted] with [redacted] is gone")
        await client.shutdown()
        try await server.stop()
    }

    @Test func `what a vendor tells of another customer is not in the outcome either`() async throws {
        let body = "{\"status\":404,\"message\":\"other-canary-token has 640281\"}"
        let server = try await RawServer(.answer(RawServer.http("200 OK", body)))
        let client = HTTPVendorClient(requestTimeout: .seconds(30))
        let outcome = await client.send(
            try Sample.disable(server.url), hiding: SecretIndex(["other-canary-token", "unrelated"]))
        #expect(outcome.message == "[redacted] has [redacted]")
        await client.shutdown()
        try await server.stop()
    }

    private func wait(_ what: Comment, until condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
