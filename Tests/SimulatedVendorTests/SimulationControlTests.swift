import Foundation
import Testing

@testable import SimulatedVendor

@Suite("Reading and steering a running simulation", .timeLimit(.minutes(2)))
struct SimulationControlTests {
    /// A vendor and a connection to it.
    private struct Rig {
        let vendor: SimulatedVendor
        let client: RawClient

        init() async throws {
            var options = SimulatedVendor.Options()
            options.tokens = [
                SimulatedToken(token: "a", state: .on(pin: "111111")), SimulatedToken(token: "b", state: .off),
            ]
            options.numbers = [SimulatedNumber(id: "15550001", token: "w", state: .on(pin: "555555"))]
            options.lateDelay = .seconds(600)
            vendor = try await SimulatedVendor(options)
            client = try await RawClient(port: vendor.port)
        }

        func ask(_ method: String, _ path: String, _ body: String = "") async throws -> (status: Int, body: String) {
            let text = try await client.ask(method, "/_sim/" + path, body).text
            let status = Int(text.split(separator: " ")[1]) ?? 0
            return (status, text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? "")
        }

        func end() async throws {
            client.close()
            try await vendor.stop()
        }
    }

    @Test func `the truth names every token and id, its state, its PIN or null, and what is pending`() async throws {
        let rig = try await Rig()
        rig.vendor.script([.landLate], token: "b")
        _ = try await RawClient(port: rig.vendor.port).post(#"{"token":"b","action":0,"pin":"222222"}"#)
        let answer = try await rig.ask("GET", "truth")
        #expect(answer.status == 200)
        #expect(
            answer.body
                == #"{"numbers":[{"id":"15550001","pending":0,"pin":"555555","state":"on"}],"#
                + #""tokens":[{"pending":0,"pin":"111111","state":"on","token":"a"},"#
                + #"{"pending":1,"pin":null,"state":"off","token":"b"}],"version":1}"#)
        try await rig.end()
    }

    @Test func `faults, scripts, semantics and tokens can be set`() async throws {
        let rig = try await Rig()
        #expect(try await rig.ask("PUT", "faults", #"{"authRefused":1}"#).status == 200)
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":401"))
        #expect(try await rig.ask("PUT", "faults", "{}").status == 200)
        #expect(try await rig.ask("POST", "script", #"["serviceUnavailable",null]"#).status == 200)
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":101"))
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":100"))
        #expect(try await rig.ask("PUT", "semantics", "\"refuse,refuse\"").status == 200)
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":405"))
        #expect(try await rig.ask("PUT", "semantics", "\"replace,never\"").status == 200)
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":404"))
        #expect(try await rig.ask("PUT", "tokens", #"["c=foreign:333333","a=on:444444"]"#).status == 200)
        #expect(
            rig.vendor.truth == [
                "a": .on(pin: "444444"), "b": .off, "c": .on(pin: "333333"), "15550001": .on(pin: "555555"),
            ])
        try await rig.end()
    }

    @Test func `the numbers of WhatsApp's API, their blocks and the limit of the app can be set`() async throws {
        let rig = try await Rig()
        #expect(try await rig.ask("PUT", "numbers", #"["16=w=foreign:666666","17+15550100017=w=of:a"]"#).status == 200)
        #expect(rig.vendor.truth["16"] == .on(pin: "666666"))
        let look = { try await rig.client.ask("GET", "/v25.0/17?fields=is_pin_enabled", token: "w").text }
        #expect(try await look().hasSuffix(#"{"is_pin_enabled":true,"id":"17"}"#))
        #expect(try await rig.ask("PUT", "blocked", #"["16","17"]"#).status == 200)
        #expect(try await rig.client.ask("POST", "/v25.0/16", #"{"pin":"222222"}"#, token: "w").text.contains("133016"))
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":133016"))
        #expect(try await rig.ask("PUT", "blocked", "[]").status == 200)
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":100"))
        #expect(try await rig.ask("PUT", "app-limit", "4").status == 200)
        #expect(try await look().contains("\"code\":4,"))
        #expect(try await rig.ask("PUT", "app-limit", "null").status == 200)
        #expect(try await rig.ask("POST", "look-script", #"["serviceUnavailable"]"#).status == 200)
        #expect(try await look().contains("\"code\":2,"))
        #expect(try await rig.ask("PUT", "look-faults", #"{"authRefused":1}"#).status == 200)
        #expect(try await look().contains("\"code\":190,"))
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":100"))
        let looks = try await rig.ask("GET", "looks").body
        let uri = #""/v25.0/17?fields=is_pin_enabled""#
        #expect(looks == "[" + Array(repeating: uri, count: 4).joined(separator: ",") + "]")
        try await rig.end()
    }

    @Test func `a stranger turns a number off or changes its PIN, by token or id, without a request`() async throws {
        let rig = try await Rig()
        #expect(try await rig.ask("PUT", "numbers", #"["17=w=of:b"]"#).status == 200)
        #expect(try await rig.ask("POST", "stranger", #"{"name":"a","state":"off"}"#).status == 200)
        #expect(rig.vendor.truth["a"] == .off)
        #expect(try await rig.ask("POST", "stranger", #"{"name":"15550001","state":"off"}"#).status == 200)
        #expect(rig.vendor.truth["15550001"] == .off)
        #expect(try await rig.ask("POST", "stranger", #"{"name":"17","state":"foreign:777777"}"#).status == 200)
        #expect(rig.vendor.truth["b"] == .on(pin: "777777"), "an id of a Picky Assist number is that number")
        #expect(throws: SimulationError.unknown("c")) { try rig.vendor.stranger(sets: "c", to: .off) }
        #expect(rig.vendor.truth["c"] == nil)
        #expect(rig.vendor.counters.strangers == 3)
        #expect(rig.vendor.counters.requests == 0 && rig.vendor.counters.applied == 0)
        try await rig.end()
    }

    @Test func `requests and counters can be read`() async throws {
        let rig = try await Rig()
        _ = try await rig.client.post(#"{"token":"a","action":1}"#)
        #expect(try await rig.ask("GET", "requests").body == #"["{\"token\":\"a\",\"action\":1}"]"#)
        let counters = try JSONDecoder().decode(
            VendorModel.Counters.self, from: Data(try await rig.ask("GET", "counters").body.utf8))
        #expect(counters == rig.vendor.counters)
        #expect(counters.requests == 1)
        #expect(counters.mostOff == 2)
        try await rig.end()
    }

    @Test func `an outage can be ordered, and is answered before it begins`() async throws {
        let rig = try await Rig()
        #expect(try await rig.ask("POST", "outage", #"{"seconds":0.05}"#).body == "true")
        try await wait("the connection is broken") { rig.client.seen.isClosed }
        try await wait("it is over") { rig.vendor.isListening }
        try await rig.end()
    }

    @Test(arguments: [
        ("PUT", "faults", #"{"nonsense":1}"#), ("PUT", "faults", #"{"hang":2}"#), ("PUT", "faults", "["),
        ("PUT", "faults", #"{"hang":0.6,"html":0.6}"#), ("POST", "script", #"["nonsense"]"#),
        ("POST", "script", "{}"), ("PUT", "semantics", "\"replace\""), ("PUT", "semantics", ""),
        ("PUT", "look-faults", #"{"nonsense":1}"#), ("POST", "look-script", "5"),
        ("PUT", "numbers", #"["16=w","17"]"#), ("PUT", "numbers", #"["16=w","17=w=of:unknown"]"#),
        ("PUT", "blocked", #"["a","unknown"]"#), ("PUT", "blocked", "{}"), ("PUT", "app-limit", "5"),
        ("POST", "stranger", #"{"name":"unknown","state":"off"}"#), ("POST", "stranger", #"{"name":"a"}"#),
        ("POST", "stranger", #"{"name":"a","state":"gone"}"#),
        ("PUT", "app-limit", ""), ("PUT", "tokens", #"["x=maybe"]"#), ("PUT", "tokens", #"["a=off","x=maybe"]"#),
        ("POST", "outage", "5"),
    ])
    func `a wrong order is refused with a reason, and changes nothing`(_ method: String, _ path: String, _ body: String)
        async throws
    {
        let rig = try await Rig()
        let answer = try await rig.ask(method, path, body)
        #expect(answer.status == 400)
        #expect(!answer.body.isEmpty)
        #expect(rig.vendor.truth == ["a": .on(pin: "111111"), "b": .off, "15550001": .on(pin: "555555")])
        #expect(try await rig.client.post(#"{"token":"a","action":1}"#).text.contains("\"status\":100"))
        try await rig.end()
    }

    @Test func `another path or method is not found`() async throws {
        let rig = try await Rig()
        #expect(try await rig.ask("GET", "nonsense").status == 404)
        #expect(try await rig.ask("DELETE", "truth").status == 404)
        try await rig.end()
    }
}
