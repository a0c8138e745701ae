import Foundation
import NIOSSL
import Planning
import Testing

@testable import Vendors

@Suite("TLS and proxies, over real sockets", .timeLimit(.minutes(2)))
struct TransportTests {
    private static let success = RawServer.http("200 OK", "{\"status\":100,\"message\":\"Success\"}")

    private func outcome(
        of context: NIOSSLContext, caFile: String?, host: String = "localhost"
    ) async throws -> (outcome: Outcome, requests: Int) {
        let server = try await RawServer(.answer(Self.success), tls: context)
        let client = HTTPVendorClient(
            requestTimeout: .seconds(30), transport: try Transport(caFile: caFile, proxy: nil))
        let outcome = await client.send(try Sample.disable("https://\(host):\(server.port)/api"))
        await client.shutdown()
        let requests = server.seen.requests.count
        try await server.stop()
        return (outcome, requests)
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a certificate of an authority in ca_file, for the right host, is accepted`(_ host: String) async throws {
        let result = try await outcome(of: TLSServer.context(.good), caFile: TLSServer.authority, host: host)
        #expect(result.outcome.reason == .success, "\(result.outcome)")
        #expect(result.requests == 1)
    }

    @Test func `an authority that neither the system nor ca_file names is not trusted`() async throws {
        let result = try await outcome(of: TLSServer.context(.good), caFile: nil)
        #expect(result.outcome.reason == .tlsFailed)
        #expect(result.requests == 0)
    }

    @Test(arguments: [TLSServer.Certificate.expired, .wrong])
    func `an expired certificate and one for another host are refused before a byte is sent`(
        _ certificate: TLSServer.Certificate
    ) async throws {
        let result = try await outcome(of: TLSServer.context(certificate), caFile: TLSServer.authority)
        #expect(result.outcome.reason == .tlsFailed)
        #expect(result.requests == 0)
    }

    @Test func `a certificate that names only the address of the connection is refused for a name`() async throws {
        // The system's resolver takes 127.1 for 127.0.0.1, which the certificate names; as a host it is a name.
        let result = try await outcome(of: TLSServer.context(.good), caFile: TLSServer.authority, host: "127.1")
        #expect(result.outcome.reason == .tlsFailed, "\(result.outcome)")
        #expect(result.requests == 0)
    }

    @Test func `a self-signed certificate is refused, also when another authority is trusted`() async throws {
        let result = try await outcome(of: UntrustedCertificate.serverContext(), caFile: TLSServer.authority)
        #expect(result.outcome.reason == .tlsFailed)
        #expect(result.requests == 0)
    }

    @Test(arguments: [TLSVersion.tlsv1, .tlsv11, .tlsv12, .tlsv13])
    func `TLS 1.2 is spoken, and nothing older`(_ newest: TLSVersion) async throws {
        let result = try await outcome(of: TLSServer.context(.good, newest: newest), caFile: TLSServer.authority)
        let isNewEnough = newest == .tlsv12 || newest == .tlsv13
        #expect(result.outcome.reason == (isNewEnough ? .success : .tlsFailed), "\(result.outcome)")
        #expect(result.requests == (isNewEnough ? 1 : 0))
    }

    /// The answers of a TLS server that then closes the connection without close_notify, and what each proves.
    private static let cuts: [(answer: String, vendor: Vendor, reason: OutcomeReason)] = {
        let picky = #"{"status":100,"message":"Success"}"#
        let plain = "HTTP/1.1 200 OK\r\n\r\n"
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n22\r\n\(picky)\r\n"
        return [
            // Without a length a body is complete when it is one JSON object.
            (plain + picky, .pickyAssist, .success), (plain + picky + "\r\n", .pickyAssist, .success),
            (plain + #"{"success":true}"#, .whatsapp, .success),
            (plain + #"{"status":404}"#, .pickyAssist, .vendorRefused),
            ("HTTP/1.1 400 Bad\r\n\r\n{\"status\":401}", .pickyAssist, .authenticationRefused),
            ("HTTP/1.1 400 Bad\r\n\r\n{\"status\":401", .pickyAssist, .unexpectedStatus),
            (plain + picky.dropLast(), .pickyAssist, .connectionLost), (plain, .pickyAssist, .connectionLost),
            (plain + picky + "{", .pickyAssist, .connectionLost),
            (plain + picky + picky, .pickyAssist, .connectionLost),
            (plain + "[\(picky)]", .pickyAssist, .connectionLost),
            (plain + "{\"status\":100,\"status\":100}", .pickyAssist, .connectionLost),
            // With a length, the length decides.
            (RawServer.http("200 OK", picky), .pickyAssist, .success),
            ("HTTP/1.1 200 OK\r\ncontent-length: 35\r\n\r\n" + picky, .pickyAssist, .connectionLost),
            (chunked + "0\r\n\r\n", .pickyAssist, .success), (chunked, .pickyAssist, .connectionLost),
            (chunked + "0\r\n", .pickyAssist, .connectionLost),
        ]
    }()

    @Test(arguments: cuts.indices)
    func `an answer over TLS that ends without close_notify counts when it is whole`(_ index: Int) async throws {
        let cut = Self.cuts[index]
        let server = try await RawServer(.answerAndHangUp(cut.answer), tls: TLSServer.context(.good))
        let client = HTTPVendorClient(
            requestTimeout: .seconds(30), transport: try Transport(caFile: TLSServer.authority, proxy: nil))
        let request = try cut.vendor == .pickyAssist ? Sample.enable(server.httpsURL) : Sample.whatsapp(server.httpsURL)
        let outcome = await client.send(request)
        #expect(outcome.reason == cut.reason, "\(cut.answer): \(outcome)")
        await client.shutdown()
        #expect(server.seen.requests.count == 1)
        try await server.stop()
    }

    @Test func `a ca_file without a certificate is an error before anything is sent`() throws {
        for path in ["/nonexistent.pem", TLSServer.path("leaf-key")] {
            #expect(throws: TransportError.unusableCertificates(path: path)) {
                try Transport(caFile: path, proxy: nil)
            }
        }
    }

    @Test func `a proxy carries what leaves the machine, and sees neither token nor PIN`() async throws {
        let proxy = try LoopbackServer { connection in
            connection.readHead()
            connection.write("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
        }
        let client = HTTPVendorClient(
            requestTimeout: .seconds(30),
            transport: try Transport(caFile: nil, proxy: .init(host: "127.0.0.1", port: proxy.port)))
        let outcome = await client.send(
            try Sample.enable("https://vendor.invalid/api", token: "canary-token", pin: "987123"))
        #expect(outcome.verdict == .noEffect, "\(outcome)")
        let heads = proxy.requests
        #expect(heads.count == 1 && heads[0].hasPrefix("CONNECT vendor.invalid:443 "))
        #expect(!heads.joined().contains("canary-token") && !heads.joined().contains("987123"))
        await client.shutdown()
        proxy.stop()
    }

    @Test(arguments: [
        "http://vendor.invalid/api", "HTTP://192.0.2.1/", "http://127.0.0.1.vendor.invalid/", "ws://localhost/",
    ])
    func `nothing is sent in the clear to another machine, whoever wrote the endpoint down`(_ url: String) async throws
    {
        let proxy = try LoopbackServer { $0.waitForEnd() }
        let client = HTTPVendorClient(
            requestTimeout: .seconds(30),
            transport: try Transport(caFile: nil, proxy: .init(host: "127.0.0.1", port: proxy.port)))
        let outcome = await client.send(try Sample.disable(url))
        #expect(outcome.reason == .notSent && outcome.message?.contains("neither https") == true, "\(outcome)")
        #expect(proxy.connectionCount == 0)
        await client.shutdown()
        proxy.stop()
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `what is on loopback never goes through the proxy`(_ host: String) async throws {
        let proxy = try LoopbackServer { $0.waitForEnd() }
        let server = try await RawServer(.answer(Self.success))
        let client = HTTPVendorClient(
            requestTimeout: .seconds(30),
            transport: try Transport(caFile: nil, proxy: .init(host: "127.0.0.1", port: proxy.port)))
        let outcome = await client.send(try Sample.disable("http://\(host):\(server.port)/api"))
        #expect(outcome.reason == .success, "\(outcome)")
        #expect(proxy.connectionCount == 0)
        await client.shutdown()
        try await server.stop()
        proxy.stop()
    }
}
