import Planning
import Testing

@testable import Vendors

@Suite("Looking at an endpoint without sending a request", .timeLimit(.minutes(2)))
struct EndpointProbeTests {
    private func look(_ url: String, _ transport: Transport = Transport()) async
        -> Result<EndpointProbe.Result, EndpointProbe.Failure>
    {
        await EndpointProbe.probe(at: .url(url), transport: transport, timeout: .seconds(20))
    }

    @Test func `a good certificate gives its end, and not a byte of a request is sent`() async throws {
        let transport = try Transport(caFile: TLSServer.authority, proxy: nil)
        for host in ["localhost", "127.0.0.1"] {
            let server = try await RawServer(.silent, tls: TLSServer.context(.good))
            let result = try await look("https://\(host):\(server.port)/api", transport).get()
            #expect(result.address == "127.0.0.1" && !result.isProxy)
            #expect(result.certificateEnds == Instant("2125-01-01T00:00:00Z"))
            #expect(server.seen.requests.isEmpty)
            try await server.stop()
        }
    }

    @Test func `expired, for another host or of an unknown authority: each fails in TLS`() async throws {
        let trusted = try Transport(caFile: TLSServer.authority, proxy: nil)
        for (certificate, transport) in [
            (TLSServer.Certificate.expired, trusted), (.wrong, trusted), (.good, Transport()),
        ] {
            let server = try await RawServer(.silent, tls: TLSServer.context(certificate))
            guard case .failure(let failure) = await look("https://localhost:\(server.port)/api", transport) else {
                Issue.record("\(certificate) was accepted")
                return
            }
            #expect(failure.reason == .tlsFailed, "\(certificate): \(failure)")
            try await server.stop()
        }
    }

    @Test func `nobody there, no such name, no TLS, and a server that says nothing are told apart`() async throws {
        let server = try await RawServer(.greet("220 mail.example ESMTP\r\n"))
        let (plain, tls) = (server.url, server.httpsURL)
        #expect(try await look(plain).get().certificateEnds == nil)
        #expect(try #require(await look(tls).failure).reason == .tlsFailed)
        try await server.stop()
        #expect(try #require(await look(plain).failure).reason == .connectionRefused)
        #expect(try #require(await look("https://nonexistent.invalid/").failure).reason == .nameNotResolved)
        let silent = try await RawServer(.silent)
        let result = await EndpointProbe.probe(
            at: .url(silent.httpsURL), transport: Transport(), timeout: .milliseconds(300))
        #expect(try #require(result.failure).reason == .tlsFailed)
        try await silent.stop()
    }

    @Test func `the base URL of the WhatsApp Cloud API is looked at as well, and a port that cannot be ends nothing`()
        async throws
    {
        let transport = try Transport(caFile: TLSServer.authority, proxy: nil)
        let server = try await RawServer(.silent, tls: TLSServer.context(.good))
        let result = try await look("https://localhost:\(server.port)/v25.0/", transport).get()
        #expect(result.certificateEnds == Instant("2125-01-01T00:00:00Z"))
        try await server.stop()
        for port in ["0", "65536", "99999999999"] {
            let failure = try #require(await look("https://localhost:\(port)/v25.0").failure)
            #expect(failure.reason == .notSent, "\(failure)")
        }
    }

    @Test func `with a proxy only the proxy is looked at`() async throws {
        let proxy = try await RawServer(.silent)
        let transport = try Transport(caFile: nil, proxy: .init(host: "127.0.0.1", port: proxy.port))
        let result = try await look("https://vendor.invalid/api", transport).get()
        #expect(result.isProxy && result.certificateEnds == nil)
        #expect(proxy.seen.requests.isEmpty)
        try await proxy.stop()
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let failure) = self { return failure }
        return nil
    }
}
