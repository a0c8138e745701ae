import Planning
import SimulatedVendor
import Testing
import Vendors

/// One way in which a request can end, played over real sockets, and the outcome that the client must report.
enum Scene: String, CaseIterable, CustomTestStringConvertible {
    // Certainly not sent.
    case nameDoesNotResolve, nobodyListens, neverConnects, talksNoTLS, certificateIsUntrusted, hangsInHandshake, badURL
    // Answered.
    case firewall, tooManyAttempts, accountBlocked
    case healthy, statusAsString, tokenUnknown, tokenRefused, noBalance, channelGone, unavailable
    case tooManyRequests, notFound, contradiction, failedBefore, failedAfter, redirected, created
    // Answered badly.
    case page, emptyAnswer, oversized, endlessBody, truncated, truncatedChunks, notHTTP
    // Not answered.
    case closedBefore, closedAfter, landsLate, wasReset, hangs, silent, endlessHead

    var testDescription: String { rawValue }

    var reason: OutcomeReason {
        switch self {
        case .nameDoesNotResolve: .nameNotResolved
        case .nobodyListens: .connectionRefused
        case .neverConnects, .hangsInHandshake: .connectTimeout
        case .talksNoTLS, .certificateIsUntrusted: .tlsFailed
        case .badURL: .notSent
        case .healthy, .statusAsString, .created: .success
        case .tokenUnknown, .tokenRefused: .authenticationRefused
        case .noBalance: .balanceRefused
        case .channelGone: .vendorRefused
        case .unavailable: .serviceUnavailable
        case .tooManyRequests: .rateLimited
        case .notFound: .clientError
        case .firewall: .forbidden
        case .tooManyAttempts: .tooManyAttempts
        case .accountBlocked: .accountBlocked
        case .contradiction, .redirected: .unexpectedStatus
        case .failedBefore, .failedAfter: .serverError
        case .page, .emptyAnswer: .malformed
        case .oversized: .oversized
        case .truncated, .truncatedChunks, .notHTTP, .closedBefore, .closedAfter, .landsLate, .wasReset: .connectionLost
        case .endlessBody, .hangs, .silent, .endlessHead: .timeout
        }
    }

    /// The vendor whose API the scene uses.
    private var vendor: Vendor { self == .accountBlocked ? .whatsapp : .pickyAssist }

    /// The time limit of the request: short where it ends the scene, yet enough for a busy machine to send the request.
    private var limit: Duration {
        switch self {
        case .endlessBody, .hangs, .silent, .endlessHead, .hangsInHandshake: .seconds(4)
        default: .seconds(30)
        }
    }

    /// The fault that the simulated vendor plays; nil when the scene needs another server.
    private var fault: Fault?? {
        switch self {
        case .healthy: .some(nil)
        case .statusAsString: .statusAsString
        case .tokenRefused: .authRefused
        case .channelGone: .refuseEnable
        case .unavailable: .serviceUnavailable
        case .tooManyRequests: .tooManyRequests
        case .failedBefore: .serverErrorBefore
        case .failedAfter: .serverErrorAfter
        case .page: .html
        case .oversized: .oversized
        case .truncated: .truncated
        case .closedBefore: .closeBefore
        case .closedAfter: .closeAfter
        case .landsLate: .landLate
        case .hangs: .hang
        default: nil
        }
    }

    /// The behaviour of a raw server; nil when the scene needs another server.
    private var behaviour: RawServer.Behaviour? {
        let success = "{\"status\":100,\"message\":\"Success\"}"
        switch self {
        case .talksNoTLS: return .greet("220 mail.example ESMTP ready\r\n")
        case .hangsInHandshake, .silent: return .silent
        case .noBalance: return .answer(RawServer.http("200 OK", "{\"status\":403,\"message\":\"balance\"}"))
        case .notFound: return .answer(RawServer.http("404 Not Found", "<html>no</html>"))
        case .firewall: return .answer(RawServer.http("403 Forbidden", "<html>no</html>"))
        case .tooManyAttempts:
            return .answer(RawServer.http("200 OK", "{\"status\":400,\"message\":\"(#133016) rate\"}"))
        case .accountBlocked: return .answer(RawServer.http("400 Bad Request", "{\"error\":{\"code\":368}}"))
        case .contradiction: return .answer(RawServer.http("400 Bad Request", success))
        case .created: return .answer(RawServer.http("201 Created", success))
        case .emptyAnswer: return .answer(RawServer.http("204 No Content", ""))
        case .redirected: return .answer(RawServer.http("307 Temporary Redirect", success, headers: ["location: /x"]))
        case .endlessBody: return .drip("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n\(success)")
        case .endlessHead: return .drip("HTTP/1.1 200 OK\r\nx-slow: ")
        case .truncatedChunks:
            return .answerAndClose("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n\(success)")
        case .notHTTP: return .answerAndClose("220 mail.example ESMTP ready\r\n")
        case .wasReset: return .reset
        default: return nil
        }
    }

    /// Plays the scene and returns the outcome, with the numbers of requests and connections that the server saw.
    func play(_ content: VendorOperation) async throws -> Outcome {
        let client = HTTPVendorClient(
            requestTimeout: limit, connectTimeout: self == .neverConnects ? .milliseconds(200) : .seconds(20))
        do {
            let outcome = try await outcome(client, content)
            await client.shutdown()
            return outcome
        } catch {
            await client.shutdown()
            throw error
        }
    }

    private func outcome(_ client: HTTPVendorClient, _ content: VendorOperation) async throws -> Outcome {
        func send(_ url: String, token: String = "token-1") async throws -> Outcome {
            await client.send(
                VendorRequest(
                    vendor: vendor, endpoint: .url(url), phoneNumberID: PhoneNumberID("106540352242922"),
                    token: try Sample.token(token), operation: content))
        }
        switch self {
        case .nameDoesNotResolve: return try await send("https://nonexistent.invalid/api")
        case .badURL: return try await send("no such scheme")
        case .nobodyListens:
            let nobody = try SilentPort()
            let outcome = try await send("http://127.0.0.1:\(nobody.port)/")
            withExtendedLifetime(nobody) {}
            return outcome
        case .neverConnects:
            let backlog = try FullBacklog()
            let outcome = try await send("http://127.0.0.1:\(backlog.port)/")
            withExtendedLifetime(backlog) {}
            return outcome
        case .certificateIsUntrusted:
            let server = try await RawServer(
                .answer(RawServer.http("200 OK", "{\"status\":100}")), tls: UntrustedCertificate.serverContext())
            let outcome = try await send(server.httpsURL)
            #expect(server.seen.requests.isEmpty, "not a byte of the request may reach a stranger")
            try await server.stop()
            return outcome
        default: break
        }
        if let behaviour {
            let server = try await RawServer(behaviour)
            let isTLS = self == .talksNoTLS || self == .hangsInHandshake
            let outcome = try await send(isTLS ? server.httpsURL : server.url)
            #expect(server.seen.requests.count == (isTLS ? 0 : 1), "one request, once")
            try await server.stop()
            return outcome
        }
        let simulated = try await Self.simulated()
        if let fault { simulated.script([fault]) }
        let outcome = try await send(simulated.url, token: self == .tokenUnknown ? "stranger" : "token-1")
        #expect(simulated.requests.count == 1, "one request, once")
        try await simulated.stop()
        return outcome
    }

    private static func simulated() async throws -> SimulatedVendor {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "token-1")]
        return try await SimulatedVendor(options)
    }
}
