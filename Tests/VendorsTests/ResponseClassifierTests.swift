import Planning
import Testing

@testable import Vendors

@Suite("What an answer proves")
struct ResponseClassifierTests {
    @Test(arguments: [
        (100, OutcomeReason.success), (101, .serviceUnavailable), (401, .authenticationRefused),
        (403, .balanceRefused), (402, .vendorRefused), (404, .vendorRefused), (0, .vendorRefused),
        (200, .vendorRefused), (-100, .vendorRefused), (1_000_000, .vendorRefused),
    ])
    func `the verdict of a 2xx is its body's status`(_ status: Int, _ reason: OutcomeReason) {
        let outcome = Sample.outcome(200, "{\"status\":\(status),\"message\":\"said\"}")
        #expect(outcome == Outcome(reason, httpStatus: 200, apiStatus: status, message: "said"))
    }

    @Test(arguments: [
        "{\"status\":100}", "{\"status\":\"100\"}", " {\n\t\"message\" : null , \"status\" : 100 } \r\n",
        "{\"status\":100.0}", "{\"status\":1e2}", "{\"status\":100,\"message\":{\"status\":404}}",
        "{\"data\":{\"status\":404},\"status\":100}", "{\"message\":\"\\\"status\\\":404\",\"status\":100}",
        "{\"x\":\"status\",\"status\":100}", "{\"a\\/b\":1,\"status\":100}",
    ])
    func `a status that says 100 in a way that JSON allows is a success`(_ body: String) {
        #expect(Sample.outcome(200, body).reason == .success)
    }

    @Test(arguments: [
        "", " ", "null", "100", "\"100\"", "[]", "{}", "[{\"status\":100}]", "{\"status\":null}",
        "{\"status\":true}", "{\"status\":false}", "{\"status\":[100]}", "{\"status\":{\"status\":100}}",
        "{\"status\":\"\"}", "{\"status\":\"100 \"}", "{\"status\":\" 100\"}", "{\"status\":\"0x64\"}",
        "{\"status\":\"+100\"}", "{\"status\":\"0100\"}", "{\"status\":\"100.0\"}", "{\"status\":\"1e2\"}",
        "{\"status\":\"１００\"}", "{\"status\":100.5}",
        "{\"status\":99.99999999999999999}", "{\"status\":0100}",
        "{\"status\":+100}",
        "{\"status\":0x64}", "{\"status\":99999999999999999999999}", "{\"status\":\"99999999999999999999\"}",
        "{\"status\":1e400}", "{\"status\":NaN}", "{\"Status\":100}", "{\"data\":{\"status\":100}}",
        "{\"status\":100", "{\"status\":100}}", "{\"status\":100}{\"status\":100}", "{\"status\":100} x",
        "{\"status\":100,\"status\":404}", "{\"status\":404,\"status\":100}", "{\"status\":100,\"status\":100}",
        "{\"status\":100,\"st\\u0061tus\":404}", "{\"st\\u0061tus\":100}", "{'status':100}", "{status:100}",
        "{\"status\":100,\"message\":\"a\nb\"}", "{\"status\":100,\"message\":\"open", "{\"status\":100,\"\\",
        "<html>status 100</html>", "\u{0}", "{\"status\":\"100\u{0}\"}",
    ])
    func `what is not clearly one JSON object with one numeric status is in doubt`(_ body: String) {
        let outcome = Sample.outcome(200, body)
        #expect(outcome.reason == .malformed)
        #expect(outcome.verdict == .inDoubt)
        #expect(outcome.apiStatus == nil)
    }

    @Test func `a body that is no UTF-8 is in doubt`() {
        #expect(
            Sample.outcome(200, .complete(Array("{\"status\":100,\"m\":\"".utf8) + [0xff, 0x22, 0x7d])).reason
                == .malformed)
        #expect(Sample.outcome(200, .complete([0xff, 0xfe, 0x7b, 0x00])).reason == .malformed)
    }

    @Test(arguments: ["[", "{\"a\":"])
    func `nesting as deep as 64 KiB allow is in doubt and harms nobody`(_ opening: String) {
        let bomb = String(repeating: opening, count: HTTPVendorClient.bodyLimit / opening.utf8.count - 20)
        #expect(Sample.outcome(200, bomb).reason == .malformed)
        #expect(Sample.outcome(200, "{\"status\":100,\"x\":\(bomb)").reason == .malformed)
    }

    @Test(arguments: [100, 101, 301, 302, 307, 308, 304, 600, 999, 0])
    func `any other HTTP status is in doubt whatever its body says`(_ status: Int) {
        for (vendor, body) in [
            (Vendor.pickyAssist, "{\"status\":100}"), (.pickyAssist, "{\"status\":401}"), (.pickyAssist, ""),
            (.whatsapp, "{\"success\":true}"), (.whatsapp, "{\"error\":{\"code\":190}}"), (.whatsapp, ""),
        ] {
            let outcome = Sample.outcome(status, body, of: vendor)
            #expect(outcome.reason == .unexpectedStatus)
            #expect(outcome.verdict == .inDoubt)
        }
    }

    @Test func `a body that did not come whole says how it ended`() {
        #expect(Sample.outcome(200, .oversized).reason == .oversized)
        #expect(Sample.outcome(200, .timedOut).reason == .timeout)
        #expect(
            Sample.outcome(200, .truncated(message: "closed"))
                == Outcome(.connectionLost, httpStatus: 200, message: "closed"))
        #expect(Sample.outcome(503, .oversized).reason == .serverError)
        for vendor in Vendor.allCases {
            for (body, reason) in [
                (ExchangeEnd.Answer.Body.oversized, OutcomeReason.oversized), (.timedOut, .timeout),
                (.truncated(message: "closed"), .connectionLost),
            ] {
                #expect(Sample.outcome(200, body, of: vendor).reason == reason)
                #expect(Sample.outcome(400, body, of: vendor).reason == .unexpectedStatus)
                #expect(Sample.outcome(401, body, of: vendor).reason == .authenticationRefused)
            }
        }
    }

    @Test func `an exchange without an answer is judged by whether the body left`() {
        func classify(_ end: ExchangeEnd) -> Outcome {
            ResponseClassifier.classify(end, of: .pickyAssist, now: Sample.now, secrets: ["secret"])
        }
        #expect(classify(.timedOut) == Outcome(.timeout))
        #expect(classify(.lost(message: "reset, secret")) == Outcome(.connectionLost, message: "reset, [redacted]"))
        for reason in OutcomeReason.allCases where reason.neverSent {
            let outcome = classify(.notSent(reason, message: "secret"))
            #expect(outcome == Outcome(reason, message: "[redacted]"))
            #expect(outcome.verdict == .noEffect)
        }
    }

    @Test func `a message that is no text is no reason to doubt the status`() {
        #expect(
            Sample.outcome(200, "{\"status\":100,\"message\":5}") == Outcome(.success, httpStatus: 200, apiStatus: 100))
    }

    @Test func `token and PIN are taken out of the vendor's message`() throws {
        let request = try Sample.enable(token: "canary", pin: "012345")
        let body = "{\"status\":404,\"message\":\"canary set to 012345, which is 12345\"}"
        let outcome = Sample.outcome(200, body, secrets: request.secrets)
        #expect(outcome.message == "[redacted] set to [redacted], which is [redacted]")
    }

    @Test func `any bytes at all get an outcome, and only a clear 100 is accepted`() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("{}[]\":,\\ 0123456789.e-+status100u0074\n\u{0}é".utf8)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0...40, using: &random)
            let bytes = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            let outcome = Sample.outcome(200, .complete(bytes))
            #expect(outcome.reason != .success || outcome.apiStatus == 100)
        }
    }
}
