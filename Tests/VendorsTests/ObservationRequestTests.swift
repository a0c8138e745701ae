import Planning
import Testing

@testable import Vendors

/// The request that asks whether a number is enabled: its bytes, and what each answer proves.
struct ObservationRequestTests {
    private static let id = "106540352242922"

    private func answer(
        _ status: Int, _ body: String, retryAfter: String? = nil, hiding others: SecretIndex = SecretIndex()
    ) throws -> ObserverAnswer {
        let end = ExchangeEnd.Answer(status: status, retryAfter: retryAfter, body: .complete(Array(body.utf8)))
        return try Sample.observation().answer(.answered(end), now: Sample.now, hiding: others)
    }

    private func reason(_ answer: ObserverAnswer) -> OutcomeReason? {
        if case .unknown(let outcome) = answer { outcome.reason } else { nil }
    }

    @Test func `it asks for two fields of the id, with the token in a header only and without a body`() throws {
        let content = try Sample.observation(token: "EAAJB").content()
        #expect(content.path == "/106540352242922?fields=is_pin_enabled,display_phone_number")
        #expect(content.headers == [.init(name: "authorization", value: "Bearer EAAJB")])
        #expect(content.body.isEmpty)
    }

    @Test func `another vendor's endpoint is refused, and the token cannot be printed`() throws {
        for endpoint in [Endpoint.v4, .legacy] {
            let request = ObservationRequest(
                number: try #require(PhoneNumber("+15550100001")), phoneNumberID: try #require(PhoneNumberID("1")),
                endpoint: endpoint, token: try Sample.token())
            #expect(throws: RequestRefusal.self) { try request.content() }
        }
        let request = try Sample.observation(token: "canary-token")
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] { #expect(!text.contains("canary-token")) }
    }

    @Test func `a complete object with a boolean of the right id and number is an answer`() throws {
        for (body, expected) in [
            (#"{"is_pin_enabled":true,"display_phone_number":"+1 555-010-0001","id":"106540352242922"}"#, true),
            (#"{"is_pin_enabled":false,"display_phone_number":"15550100001","id":"106540352242922"}"#, false),
            (#"{"is_pin_enabled":false,"id":"106540352242922"}"#, false), (#"{"is_pin_enabled":true}"#, true),
            (#"{"is_pin_enabled":true,"error":null,"more":[{}],"id":null,"display_phone_number":null}"#, true),
            (#"{"is_pin_enabled":true,"display_phone_number":"+1 (555) 010 0001"}"#, true),
        ] {
            for status in [200, 201, 299] {
                #expect(try answer(status, body) == (expected ? .enabled : .disabled), "\(status) \(body)")
            }
        }
    }

    @Test func `anything else with HTTP 2xx is no answer`() throws {
        for body in [
            "", "{}", "<html>", "null", "[]", "true", #"{"is_pin_enabled":"true"}"#, #"{"is_pin_enabled":1}"#,
            #"{"is_pin_enabled":null}"#, #"{"is_pin_enabled":true"#, #"{"is_pin_enabled":true}}"#,
            #"{"is_pin_enabled":true,"is_pin_enabled":true}"#, #"{"is_pin_enabled":true,"is_pin_enabled":false}"#,
            #"{"IS_PIN_ENABLED":true}"#, #"{"is_pin_enable\u0064":true}"#, #"[{"is_pin_enabled":true}]"#,
            #"{"data":{"is_pin_enabled":true}}"#, #"{"id":"106540352242922"}"#, #"{"success":true}"#,
            #"{"is_pin_enabled":true,"id":"106540352242923"}"#, #"{"is_pin_enabled":true,"id":106540352242922}"#,
            #"{"is_pin_enabled":true,"id":"0106540352242922"}"#, #"{"is_pin_enabled":true,"id":true}"#,
            #"{"is_pin_enabled":true,"error":{}}"#, #"{"is_pin_enabled":true,"error":"no"}"#,
            #"{"is_pin_enabled":false,"error":[]}"#, #"{"is_pin_enabled":true,"error":{"code":190}}"#,
            #"{"is_pin_enabled":true,"display_phone_number":15550100001}"#,
            #"{"is_pin_enabled":true,"display_phone_number":["+15550100001"]}"#, #"{"error":{"code":"190"}}"#,
            #"{"status":100,"message":"Success"}"#,
        ] {
            #expect(reason(try answer(200, body)) == .malformed, "\(body)")
        }
    }

    @Test func `no body makes an answer of another status`() throws {
        let whole = #"{"is_pin_enabled":true,"id":"106540352242922"}"#
        for status in Array(400...599) {
            #expect(reason(try answer(status, whole)) == OutcomeReason(httpStatus: status), "\(status)")
        }
        for status in [100, 199, 300, 301, 302, 304, 307, 308, 399, 600, 999] {
            #expect(reason(try answer(status, whole)) == .unexpectedStatus, "\(status)")
        }
    }

    @Test func `Meta's codes are judged as those of other requests`() throws {
        for (status, code, expected) in [
            (401, 190, OutcomeReason.authenticationRefused), (200, 190, .authenticationRefused),
            (400, 10, .authenticationRefused), (403, 200, .authenticationRefused), (400, 4, .rateLimited),
            (400, 80_007, .rateLimited), (429, 130_429, .rateLimited), (429, 100, .rateLimited),
            (400, 100, .vendorRefused), (500, 1, .serviceUnavailable), (503, 2, .serviceUnavailable),
            (400, 368, .accountBlocked), (500, 77, .serverError),
        ] {
            let answer = try answer(status, #"{"error":{"message":"m","code":\#(code)}}"#)
            #expect(answer == .unknown(Outcome(expected, httpStatus: status, apiStatus: code, message: "m")), "\(code)")
        }
        #expect(
            try answer(429, "slow down", retryAfter: "30")
                == .unknown(Outcome(.rateLimited, httpStatus: 429, retryAfter: .seconds(30))))
    }

    @Test(arguments: [
        ("+1 555-010-0002", "+15550100002"), ("15550100002", "+15550100002"), ("+155501000011", "+155501000011"),
        ("n/a", "no telephone number"), ("", "no telephone number"), ("+1555010000１", "+1555010000"),
        (String(repeating: "7", count: 4000), "+" + String(repeating: "7", count: 32)),
    ])
    func `another number is named, and no outage of the endpoint`(_ displayed: String, _ named: String) throws {
        for value in ["true", "false", "1"] {
            let body = #"{"is_pin_enabled":\#(value),"display_phone_number":"\#(displayed)","id":"106540352242922"}"#
            let expected = Outcome(
                .vendorRefused, httpStatus: 200,
                message: "phone_number_id 106540352242922 belongs to \(named), not to +15550100001: correct the entry")
            #expect(try answer(200, body) == .unknown(expected))
            #expect(expected.reason.endpointSignal == .up)
        }
    }

    @Test func `a message shows neither this token nor any other secret, and is bounded`() throws {
        let echo = #"{"error":{"code":100,"message":"token-1 and other-secret may not see 482913\n"#
        let long = String(repeating: "x", count: 4000)
        let shown = try answer(400, echo + long + #""}}"#, hiding: SecretIndex(["other-secret"]))
        guard case .unknown(let outcome) = shown else { throw ExpectedUnknown() }
        let message = try #require(outcome.message)
        #expect(message.hasPrefix("[redacted] and [redacted] may not see [redacted] xxx"))
        #expect(message.unicodeScalars.count == ResponseClassifier.maxMessageLength)
    }

    private struct ExpectedUnknown: Error {}

    @Test func `an exchange that did not end with a whole answer is no answer`() throws {
        let request = try Sample.observation()
        let ends: [(ExchangeEnd, OutcomeReason)] = [
            (.notSent(.connectionRefused, message: "x"), .connectionRefused), (.timedOut, .timeout),
            (.lost(message: "x"), .connectionLost),
            (.answered(.init(status: 200, body: .truncated(message: "x"))), .connectionLost),
            (.answered(.init(status: 200, body: .timedOut)), .timeout),
            (.answered(.init(status: 200, body: .oversized)), .oversized),
            (.answered(.init(status: 403, body: .oversized)), .forbidden),
        ]
        for (end, expected) in ends { #expect(reason(request.answer(end, now: Sample.now)) == expected) }
    }
}
