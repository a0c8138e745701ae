import Foundation
import Testing

@testable import SimulatedVendor

@Suite("WhatsApp's Cloud API on the wire", .timeLimit(.minutes(2)))
struct WhatsAppAPITests {
    private static let id = "106540352242922"
    private let path = "/v25.0/\(id)"
    private let pin = #"{"pin":"222222"}"#
    private let success = #"{"success":true}"#

    private func vendor(_ change: (inout SimulatedVendor.Options) -> Void = { _ in }) async throws -> SimulatedVendor {
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: "t", state: .on(pin: "111111"))]
        options.numbers = [
            SimulatedNumber(id: Self.id, number: "+1 555-010-0001", token: "w", state: .on(pin: "333333")),
            SimulatedNumber(id: "2", token: "w"), SimulatedNumber(id: "3", token: "other"),
            SimulatedNumber(id: "4", token: "w", of: "t"),
        ]
        options.lateDelay = .seconds(600)
        options.slowDelay = .milliseconds(20)
        options.refusalTime = .milliseconds(20)
        change(&options)
        return try await SimulatedVendor(options)
    }

    private func status(_ seen: RawClient.Seen) -> String? {
        seen.text.split(separator: " ").dropFirst().first.map(String.init)
    }

    /// Returns the code of an answer that is an error object with all documented fields.
    private func code(_ seen: RawClient.Seen) throws -> Int? {
        struct Body: Decodable {
            struct Problem: Decodable {
                let message: String
                let type: String
                let code: Int
                let traceID: String

                enum CodingKeys: String, CodingKey {
                    case message, type, code
                    case traceID = "fbtrace_id"
                }
            }
            let error: Problem
        }
        let body = try #require(seen.text.range(of: "\r\n\r\n")).upperBound
        let problem = try JSONDecoder().decode(Body.self, from: Data(seen.text[body...].utf8)).error
        #expect(problem.type == "OAuthException")
        #expect(!problem.message.isEmpty && !problem.traceID.isEmpty)
        return problem.code
    }

    @Test(arguments: VendorSemantics.allCases)
    func `a PIN is set, and changed, whatever the semantics of the other vendor`(_ semantics: VendorSemantics)
        async throws
    {
        let vendor = try await vendor { $0.semantics = semantics }
        let client = try await RawClient(port: vendor.port)
        for id in [Self.id, "2"] {
            let answer = try await client.ask("POST", "/v25.0/\(id)", pin, token: "w")
            #expect(status(answer) == "200" && answer.text.hasSuffix("\r\n\r\n" + success))
            #expect(vendor.truth[id] == .on(pin: "222222"))
        }
        #expect(vendor.truth["3"] == .off)
        #expect(vendor.requests.map(\.uri) == [path, "/v25.0/2"])
        #expect(vendor.requests.map(\.verdict) == [.success, .success])
        #expect(vendor.requests[0].body == Data(pin.utf8))
        #expect(vendor.counters.applied == 2)
        client.close()
        try await vendor.stop()
    }

    @Test func `a look gives the fields that are asked for, and never a PIN`() async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        let look = { (path: String) in try await client.ask("GET", path, token: "w").text }
        #expect(
            try await look("\(path)?fields=is_pin_enabled").hasSuffix(#"{"is_pin_enabled":true,"id":"\#(Self.id)"}"#))
        #expect(try await look("/v25.0/2?fields=is_pin_enabled").hasSuffix(#"{"is_pin_enabled":false,"id":"2"}"#))
        #expect(
            try await look("\(path)?fields=display_phone_number%2Cis_pin_enabled").hasSuffix(
                #"{"is_pin_enabled":true,"display_phone_number":"+1 555-010-0001","id":"\#(Self.id)"}"#))
        #expect(try await look("\(path)").hasSuffix(#"{"display_phone_number":"+1 555-010-0001","id":"\#(Self.id)"}"#))
        #expect(try code(try await client.ask("GET", "\(path)?fields=nonsense", token: "w")) == 100)
        #expect(vendor.counters.looks == 5)
        #expect(vendor.counters.requests == 0 && vendor.requests.isEmpty)
        #expect(vendor.looks.last?.uri == "\(path)?fields=nonsense")
        #expect(vendor.looks.map(\.number) == [1, 2, 3, 4, 5])
        client.close()
        try await vendor.stop()
    }

    @Test func `a number of Picky Assist that has an id is one number: looks show it, and a PIN set by id is its PIN`()
        async throws
    {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        let look = { try await client.ask("GET", "/v25.0/4?fields=is_pin_enabled", token: "w").text }
        #expect(try await look().contains(#""is_pin_enabled":true"#))
        #expect(try await client.post(#"{"token":"t","action":1}"#).text.contains("\"status\":100"))
        #expect(try await look().contains(#""is_pin_enabled":false"#))
        #expect(try await client.ask("POST", "/v25.0/4", pin, token: "w").text.hasSuffix(success))
        #expect(vendor.truth == [Self.id: .on(pin: "333333"), "2": .off, "3": .off, "t": .on(pin: "222222")])
        client.close()
        try await vendor.stop()
    }

    @Test(arguments: ["POST", "GET"])
    func `an unknown, missing or wrong token is refused with 190 and HTTP 401`(_ method: String) async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        for (id, token) in [(Self.id, "nobody"), (Self.id, nil), (Self.id, "other"), ("99", "nobody"), ("3", "w")] {
            let answer = try await client.ask(method, "/v25.0/\(id)", pin, token: token)
            #expect(status(answer) == "401")
            #expect(try code(answer) == 190)
        }
        #expect(vendor.truth[Self.id] == .on(pin: "333333") && vendor.truth["3"] == .off)
        #expect(vendor.counters.refused == 5)
        client.close()
        try await vendor.stop()
    }

    @Test(arguments: ["POST", "GET"])
    func `an unknown id is refused with 100 and HTTP 400`(_ method: String) async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        for id in ["99", "t", "2/x", "", "0\(Self.id)"] {
            let answer = try await client.ask(method, "/v25.0/\(id)", pin, token: "w")
            #expect(status(answer) == "400")
            #expect(try code(answer) == 100)
        }
        #expect(vendor.truth.count == 4)
        client.close()
        try await vendor.stop()
    }

    @Test func `a malformed PIN is refused with 100 and HTTP 400, and changes nothing`() async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        let bodies = [
            "", "{}", "[]", #"{"pin":222222}"#, #"{"pin":"22222"}"#, #"{"pin":"2222222"}"#, #"{"pin":"22222a"}"#,
            #"{"pin":null}"#, "pin=222222",
        ]
        for body in bodies {
            let answer = try await client.ask("POST", path, body, token: "w")
            #expect(status(answer) == "400", "\(body)")
            #expect(try code(answer) == 100, "\(body)")
        }
        #expect(vendor.truth[Self.id] == .on(pin: "333333"))
        client.close()
        try await vendor.stop()
    }

    @Test
    func `a blocked number is refused with 133016 at both APIs, can be seen, and works again when it is unblocked`()
        async throws
    {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        try vendor.block(["2", "4"])
        let refused = try await client.ask("POST", "/v25.0/2", pin, token: "w")
        #expect(status(refused) == "400")
        #expect(try code(refused) == 133_016)
        for body in [#"{"token":"t","action":1}"#, #"{"token":"t","action":0,"pin":"222222"}"#] {
            #expect(try await client.post(body).text.hasSuffix(#"{"status":133016,"message":"Too many attempts"}"#))
        }
        #expect(vendor.truth["2"] == .off && vendor.truth["t"] == .on(pin: "111111"))
        #expect(status(try await client.ask("GET", "/v25.0/2?fields=is_pin_enabled", token: "w")) == "200")
        #expect(try await client.ask("POST", path, pin, token: "w").text.hasSuffix(success), "another number")
        try vendor.block([])
        #expect(try await client.ask("POST", "/v25.0/2", pin, token: "w").text.hasSuffix(success))
        #expect(throws: SimulationError.unknown("nobody")) { try vendor.block(["nobody"]) }
        client.close()
        try await vendor.stop()
    }

    @Test(arguments: VendorModel.AppLimit.allCases)
    func `a limit of the app refuses requests and looks of all its numbers`(_ limit: VendorModel.AppLimit) async throws
    {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        vendor.setAppLimit(limit)
        for (method, id) in [("POST", Self.id), ("POST", "2"), ("GET", "2")] {
            let answer = try await client.ask(method, "/v25.0/\(id)", pin, token: "w")
            #expect(status(answer) == (limit == .calls ? "400" : "429"))
            #expect(try code(answer) == limit.rawValue)
        }
        #expect(vendor.truth["2"] == .off)
        #expect(try await client.post(#"{"token":"t","action":1}"#).text.contains("\"status\":100"), "the other vendor")
        vendor.setAppLimit(nil)
        #expect(try await client.ask("POST", "/v25.0/2", pin, token: "w").text.hasSuffix(success))
        client.close()
        try await vendor.stop()
    }

    @Test func `unknown ids become known, as off, with any token, where that is wanted`() async throws {
        let vendor = try await vendor { $0.registersUnknownTokens = true }
        let client = try await RawClient(port: vendor.port)
        let look = try await client.ask("GET", "/v25.0/77?fields=is_pin_enabled", token: "any")
        #expect(look.text.hasSuffix(#"{"is_pin_enabled":false,"id":"77"}"#))
        #expect(try await client.ask("POST", "/v25.0/77", pin, token: "another").text.hasSuffix(success))
        #expect(vendor.truth["77"] == .on(pin: "222222"))
        #expect(try code(try await client.ask("POST", "/v25.0/77", pin)) == 190, "some token there must be")
        #expect(try code(try await client.ask("POST", "/v25.0/no-id", pin, token: "any")) == 100)
        client.close()
        try await vendor.stop()
    }

    @Test func `another version, or another method, is not found`() async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        #expect(status(try await client.ask("POST", "/v24.0/2", pin, token: "w")) == "404")
        #expect(status(try await client.ask("DELETE", "/v25.0/2", token: "w")) == "404")
        #expect(vendor.requests.isEmpty && vendor.looks.isEmpty)
        client.close()
        try await vendor.stop()
    }

    // MARK: - Faults

    @Test(arguments: Fault.allCases)
    func `each fault plays with this API's own answers`(_ fault: Fault) async throws {
        let vendor = try await vendor()
        let client = try await RawClient(port: vendor.port)
        vendor.script([fault])
        if fault == .hang {
            try await client.send(RawClient.request("POST", path, pin, token: "w"))
            try await wait("the request has come") { vendor.requests.count == 1 }
        } else {
            try check(fault, try await client.ask("POST", path, pin, token: "w"))
        }
        let isDone = fault.isCarriedOut && fault != .landLate || fault == .refuseDisable
        #expect(vendor.truth[Self.id] == .on(pin: isDone ? "222222" : "333333"))
        #expect(vendor.requests.first?.fault == fault)
        #expect(vendor.requests.first?.verdict == (isDone ? .success : nil))
        #expect(vendor.counters.faults == 1)
        #expect(vendor.pendingCount == (fault == .landLate ? 1 : 0))
        client.close()
        try await wait("the vendor is there again") { vendor.isListening }
        let next = try await RawClient(port: vendor.port)
        #expect(try await next.ask("POST", path, pin, token: "w").text.hasSuffix(success))
        next.close()
        try await vendor.stop()
    }

    private func check(_ fault: Fault, _ seen: RawClient.Seen) throws {
        switch fault {
        case .refuseConnection, .closeBefore, .closeAfter, .landLate: #expect(seen.text.isEmpty && seen.isClosed)
        case .truncated: #expect(status(seen) == "200" && seen.isClosed && !RawClient.isWhole(seen.text))
        case .hang: Issue.record("nothing is to be seen of it")
        case .serverErrorBefore:
            #expect(status(seen) == "500")
            #expect(try code(seen) == 1)
        case .serverErrorAfter: #expect(status(seen) == "502" && seen.text.hasSuffix("</html>"))
        case .html: #expect(status(seen) == "200" && seen.text.hasSuffix("</html>"))
        case .oversized: #expect(seen.text.contains(#"{"success":true,"#) && seen.text.utf8.count > 64 * 1024)
        case .slow, .statusAsString, .refuseDisable: #expect(status(seen) == "200" && seen.text.hasSuffix(success))
        case .tooManyRequests:
            #expect(status(seen) == "429" && seen.text.contains("retry-after: 1\r\n"))
            #expect(try code(seen) == 130_429)
        case .serviceUnavailable:
            #expect(status(seen) == "503")
            #expect(try code(seen) == 2)
        case .authRefused:
            #expect(status(seen) == "401")
            #expect(try code(seen) == 190)
        case .refuseEnable:
            #expect(status(seen) == "400")
            #expect(try code(seen) == 133_010)
        case .statusAfter: #expect(seen.text.hasSuffix("</html>") && status(seen)?.hasPrefix("4") == true)
        case .blocked:
            #expect(status(seen) == "400")
            #expect(try code(seen) == 133_016)
        case .uncleanEnd:
            #expect(status(seen) == "200" && seen.isClosed && seen.text.hasSuffix(success))
            #expect(!seen.text.contains("content-length") && !seen.text.contains("transfer-encoding"))
        }
    }

    @Test func `looks meet faults of their own, and leave those of requests alone`() async throws {
        let vendor = try await vendor()
        vendor.script([.serviceUnavailable], token: "4")
        vendor.scriptLooks([.authRefused, nil, .landLate])
        let client = try await RawClient(port: vendor.port)
        #expect(try code(try await client.ask("GET", "/v25.0/4", token: "w")) == 190)
        #expect(status(try await client.ask("GET", "/v25.0/4", token: "w")) == "200")
        #expect(try await client.post(#"{"token":"t","action":1}"#).text.contains("\"status\":100"))
        #expect(try code(try await client.ask("POST", "/v25.0/4", pin, token: "w")) == 2)
        #expect(try await client.ask("GET", "/v25.0/4", token: "w").isClosed)
        #expect(vendor.pendingCount == 0, "there is nothing that could come late")
        #expect(vendor.looks.map(\.fault) == [.authRefused, nil, .landLate])
        let other = try await RawClient(port: vendor.port)
        vendor.setLookFaults([.authRefused: 1])
        #expect(status(try await other.ask("GET", "/v25.0/4", token: "w")) == "401")
        #expect(try await other.ask("POST", "/v25.0/4", pin, token: "w").text.hasSuffix(success))
        vendor.setFaults([.authRefused: 1])
        #expect(status(try await other.ask("POST", "/v25.0/4", pin, token: "w")) == "401")
        other.close()
        try await vendor.stop()
    }

    @Test func `a late PIN lands by itself, after its connection is gone`() async throws {
        let vendor = try await vendor { $0.lateDelay = .milliseconds(50) }
        vendor.script([.landLate], token: Self.id)
        let client = try await RawClient(port: vendor.port)
        #expect(try await client.ask("POST", path, pin, token: "w").isClosed)
        try await wait("it has landed") { vendor.truth[Self.id] == .on(pin: "222222") }
        #expect(vendor.counters.landedLate == 1)
        try await vendor.stop()
    }
}
