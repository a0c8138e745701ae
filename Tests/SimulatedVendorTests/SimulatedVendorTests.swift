import Foundation
import Testing

@testable import SimulatedVendor

@Suite("The simulated vendor on the wire", .timeLimit(.minutes(2)))
struct SimulatedVendorTests {
    private let enable = #"{"token":"t","action":0,"pin":"222222"}"#
    private let disable = #"{"token":"t","action":1}"#

    private func vendor(_ change: (inout SimulatedVendor.Options) -> Void = { _ in }) async throws -> SimulatedVendor {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "t", state: .on(pin: "111111"))]
        options.lateDelay = .seconds(600)
        options.slowDelay = .milliseconds(20)
        options.refusalTime = .milliseconds(20)
        change(&options)
        return try await SimulatedVendor(options)
    }

    @Test(arguments: VendorSemantics.allCases)
    func `each semantics answers over HTTP as the model says`(_ semantics: VendorSemantics) async throws {
        let vendor = try await vendor { $0.semantics = semantics }
        let client = try await RawClient(port: vendor.port)
        let enabled = try await client.post(enable)
        #expect(enabled.text.contains(semantics.enableWhenOn == .refuse ? "\"status\":406" : "\"status\":100"))
        #expect(vendor.truth["t"] == .on(pin: semantics.enableWhenOn == .replace ? "222222" : "111111"))
        let disabled = try await client.post(disable)
        let success = "{\"status\":100,\"message\":\"Success\"}"
        #expect(disabled.text.contains(semantics.canDisable ? success : "\"status\":404"))
        #expect((vendor.truth["t"] == .off) == semantics.canDisable)
        let again = try await client.post(disable)
        let status =
            switch semantics.disableWhenOff {
            case .accept: 100
            case .refuse: 405
            case .never: 404
            }
        #expect(again.text.contains("\"status\":\(status)"))
        #expect(!again.isClosed, "a connection is kept")
        client.close()
        try await vendor.stop()
    }

    @Test(arguments: Fault.allCases)
    func `each fault looks as it should and does what it says`(_ fault: Fault) async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        vendor.script([fault])
        let port = vendor.port
        if fault == .hang {
            try await client.send(RawClient.request("POST", SimulatedVendor.path, disable))
            try await wait("the request has come") { vendor.requests.count == 1 }
            // Requests that follow on the same connection must wait, without an answer or an effect.
            try await client.send(RawClient.request("POST", SimulatedVendor.path, enable))
            #expect(client.seen.text.isEmpty)
        } else {
            let seen = try await client.post(disable)
            checkWire(fault, seen)
        }
        let isDone = fault.isCarriedOut && fault != .landLate || fault == .refuseEnable
        #expect(vendor.truth["t"] == (isDone ? .off : .on(pin: "111111")))
        #expect(vendor.requests.first?.fault == fault)
        #expect(vendor.requests.first?.verdict == (isDone ? .success : nil))
        #expect(vendor.counters.faults == 1)
        #expect(vendor.pendingCount == (fault == .landLate ? 1 : 0))
        client.close()
        try await wait("the vendor is there again") { vendor.isListening }
        let next = try await RawClient(port: port)
        #expect(try await next.post(enable).text.contains("\"status\":100"), "a fault is over after one request")
        next.close()
        try await vendor.stop()
    }

    private func checkWire(_ fault: Fault, _ seen: RawClient.Seen) {
        let status = seen.text.split(separator: " ").dropFirst().first.map(String.init)
        switch fault {
        case .refuseConnection, .closeBefore, .closeAfter, .landLate:
            #expect(seen.text.isEmpty)
            #expect(seen.isClosed)
        case .truncated:
            #expect(status == "200")
            #expect(seen.isClosed && !RawClient.isWhole(seen.text))
        case .hang: Issue.record("nothing is to be seen of it")
        case .serverErrorBefore: #expect(status == "500")
        case .serverErrorAfter: #expect(status == "502")
        case .html: #expect(status == "200" && seen.text.hasSuffix("</html>"))
        case .oversized: #expect(status == "200" && seen.text.utf8.count > 64 * 1024)
        case .tooManyRequests:
            #expect(status == "429")
            #expect(seen.text.contains("retry-after: 1\r\n"))
        case .slow, .refuseEnable: #expect(seen.text.hasSuffix("{\"status\":100,\"message\":\"Success\"}"))
        case .statusAsString: #expect(seen.text.hasSuffix("{\"status\":\"100\",\"message\":\"Success\"}"))
        case .serviceUnavailable: #expect(status == "200" && seen.text.contains("{\"status\":101,"))
        case .authRefused: #expect(status == "200" && seen.text.contains("{\"status\":401,"))
        case .refuseDisable: #expect(status == "200" && seen.text.contains("{\"status\":404,"))
        case .statusAfter: #expect(seen.text.hasSuffix("</html>") && status?.hasPrefix("4") == true)
        case .blocked: #expect(status == "200" && seen.text.contains("{\"status\":133016,"))
        case .uncleanEnd:
            #expect(status == "200" && seen.isClosed)
            #expect(seen.text.hasSuffix("{\"status\":100,\"message\":\"Success\"}"))
            #expect(!seen.text.contains("content-length") && !seen.text.contains("transfer-encoding"))
        }
    }

    @Test
    func
        `a request that is carried out meets each status that a proxy may say of it, in an order that the seed decides`()
        async throws
    {
        var orders: [[String]] = []
        for seed: UInt64 in [1, 1, 2] {
            let vendor = try await vendor { $0.seed = seed }
            let client = try await RawClient(port: vendor.port)
            vendor.setFaults([.statusAfter: 1])
            var statuses: [String] = []
            for number in 0..<200 {
                let pin = String(100_000 + number)
                let seen = try await client.post(#"{"token":"t","action":0,"pin":"\#(pin)"}"#)
                statuses.append(String(seen.text.split(separator: " ")[1]))
                #expect(vendor.truth["t"] == .on(pin: pin))
            }
            #expect(Set(statuses) == Set(SimulatedVendor.Options().statusesAfter.map { String($0) }))
            orders.append(statuses)
            client.close()
            try await vendor.stop()
        }
        #expect(orders[0] == orders[1])
        #expect(orders[0] != orders[2])
    }

    @Test func `a refused enable and a refused disable leave the other alone`() async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        vendor.script([.refuseEnable, .refuseDisable])
        #expect(try await client.post(enable).text.contains("\"status\":404"))
        #expect(vendor.truth["t"] == .on(pin: "111111"))
        #expect(try await client.post(enable).text.contains("\"status\":100"))
        #expect(vendor.truth["t"] == .on(pin: "222222"))
        client.close()
        try await vendor.stop()
    }

    @Test func `a late request lands by itself, after its connection is gone`() async throws {
        let vendor = try await vendor { $0.lateDelay = .milliseconds(50) }
        vendor.script([.landLate])
        let client = try await RawClient(port: vendor.port)
        #expect(try await client.post(disable).isClosed)
        try await wait("it has landed") { vendor.truth["t"] == .off }
        #expect(vendor.pendingCount == 0)
        #expect(vendor.counters.landedLate == 1)
        try await vendor.stop()
    }

    @Test func `an outage refuses connections and breaks open ones; then the same port listens again`() async throws {
        let vendor = try await vendor()
        let port = vendor.port
        let open = try await RawClient(port: port)
        _ = try await open.post(enable)
        vendor.beginOutage()
        vendor.beginOutage()
        try await wait("the open connection is broken") { open.seen.isClosed }
        try await wait("the listener is gone") { !vendor.isListening }
        await #expect(throws: (any Error).self) { try await RawClient(port: port) }
        vendor.endOutage()
        #expect(!vendor.isListening, "the other outage goes on")
        vendor.endOutage()
        try await wait("it listens again") { vendor.isListening }
        #expect(vendor.port == port)
        let client = try await RawClient(port: port)
        #expect(try await client.post(disable).text.contains("\"status\":100"))
        client.close()
        try await vendor.stop()
    }

    @Test func `an outage for a time ends by itself, also when several overlap`() async throws {
        let vendor = try await vendor()
        for _ in 0..<20 { vendor.outage(for: .milliseconds(Int64.random(in: 1...40))) }
        try await wait("all are over") { vendor.isListening }
        let client = try await RawClient(port: vendor.port)
        #expect(try await client.post(disable).text.contains("\"status\":100"))
        client.close()
        try await vendor.stop()
    }

    @Test func `requests are recorded as they came, in order, with headers and verdict`() async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        _ = try await client.post(enable)
        _ = try await client.post("{\"token\":\"stranger\",\"action\":1}")
        _ = try await client.post("nonsense")
        let requests = vendor.requests
        try #require(requests.count == 3)
        #expect(requests.map(\.number) == [1, 2, 3])
        #expect(requests[0].body == Data(enable.utf8))
        #expect(requests[0].headers.contains { $0.name == "host" && $0.value == "x" })
        #expect(requests.map(\.verdict) == [.success, .authenticationFailed, nil])
        #expect(requests.map { $0.request?.name } == ["t", "stranger", nil])
        #expect(requests[2].body == Data("nonsense".utf8))
        client.close()
        try await vendor.stop()
    }

    @Test func `pipelined requests are answered in order, a slow one first`() async throws {
        let vendor = try await vendor()
        vendor.script([.slow, nil])
        let client = try await RawClient(port: vendor.port)
        let post = { RawClient.request("POST", SimulatedVendor.path, $0) }
        try await client.send(post(disable) + post("{\"token\":\"stranger\",\"action\":1}"))
        try await wait("both answers") { client.seen.text.contains("\"status\":401") }
        let answers = client.seen.text.ranges(of: /"status":\d+/).map { String(client.seen.text[$0]) }
        #expect(answers == ["\"status\":100", "\"status\":401"])
        client.close()
        try await vendor.stop()
    }

    @Test func `a request that is too large, is no HTTP, or asks for another path changes nothing`() async throws {
        let vendor = try await vendor()
        let large = try await RawClient(port: vendor.port)
        // The write may fail when the vendor has already hung up, which is the purpose.
        try? await large.send(
            RawClient.request("POST", SimulatedVendor.path, disable + String(repeating: " ", count: 2 * 1024 * 1024)))
        try await wait("it hangs up") { large.seen.isClosed }
        let garbage = try await RawClient(port: vendor.port)
        try await garbage.send("\u{16}\u{3}\u{1} hello\r\n\r\n")
        try await wait("it hangs up on garbage") { garbage.seen.isClosed }
        let lost = try await RawClient(port: vendor.port)
        try await lost.send(RawClient.request("POST", "/other", disable))
        try await wait("not found") { lost.seen.text.hasPrefix("HTTP/1.1 404") }
        #expect(vendor.requests.isEmpty)
        #expect(vendor.truth["t"] == .on(pin: "111111"))
        lost.close()
        try await vendor.stop()
    }

    @Test func `64 connections with thousands of requests are all served and counted`() async throws {
        let vendor = try await vendor { options in
            options.tokens = (0..<64).map { SimulatedToken(token: "t\($0)") }
        }
        let port = vendor.port
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let client = try await RawClient(port: port)
                    for round in 0..<30 {
                        let body =
                            round % 2 == 0
                            ? "{\"token\":\"t\(number)\",\"action\":0,\"pin\":\"\(100_000 + number)\"}"
                            : "{\"token\":\"t\(number)\",\"action\":1}"
                        #expect(try await client.post(body).text.contains("\"status\":100"))
                    }
                    client.close()
                }
            }
            try await group.waitForAll()
        }
        #expect(vendor.counters.requests == 64 * 30)
        #expect(vendor.counters.applied == 64 * 30)
        #expect(vendor.truth.values.allSatisfy { $0 == .off })
        try await vendor.stop()
    }
}
