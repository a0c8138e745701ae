import Planning
import Testing

@testable import Vendors

/// The WhatsApp Cloud API as Meta documents it: requests byte by byte, and answers by their codes.
struct WhatsAppAPITests {
    @Test func `An enable is Meta's sample, byte by byte, with the token as a header only`() throws {
        let content = try Sample.whatsapp(token: "EAAJB").content()
        #expect(content.path == "/106540352242922")
        #expect(content.headers == [.init(name: "authorization", value: "Bearer EAAJB")])
        #expect(String(decoding: content.body, as: UTF8.self) == #"{"pin":"987123"}"#)
    }

    @Test func `A PIN keeps its leading zeros`() throws {
        let pin = try #require(PIN(digits: "000042"))
        #expect(try Sample.whatsapp(operation: .enable(pin)).bodyText() == #"{"pin":"000042"}"#)
    }

    @Test func `A disable, a missing id and another vendor's endpoint are refused with a way out`() throws {
        let disable = try Sample.whatsapp(operation: .disable)
        #expect(
            throws: RequestRefusal(
                message: "the WhatsApp Cloud API cannot disable verification: turn it off in WhatsApp Manager")
        ) { try disable.content() }
        let nameless = try Sample.whatsapp(id: nil)
        #expect(
            throws: RequestRefusal(
                message: "the entry has no phone_number_id: add it, WhatsApp Manager shows it")
        ) { try nameless.content() }
        for endpoint in [Endpoint.v4, .legacy] {
            let request = VendorRequest(
                vendor: .whatsapp, endpoint: endpoint, phoneNumberID: PhoneNumberID("1"), token: try Sample.token(),
                operation: .enable(try #require(PIN(digits: "987123"))))
            #expect(throws: RequestRefusal.self) { try request.content() }
        }
    }

    @Test func `Neither the token nor the PIN can be printed`() throws {
        let request = try Sample.whatsapp(token: "canary-token")
        #expect(request.secrets == ["canary-token", "987123"])
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("canary-token") && !text.contains("987123"))
        }
    }

    // MARK: - Answers

    /// The documented error of an expired token.
    private static let expired =
        #"{"error":{"message":"Error validating access token","type":"OAuthException","code":190,"error_subcode":463,"fbtrace_id":"AQ"}}"#

    private func outcome(_ status: Int, _ body: String) -> Outcome { Sample.outcome(status, body, of: .whatsapp) }

    private func error(_ code: Int) -> String { "{\"error\":{\"code\":\(code)}}" }

    @Test func `Success is HTTP 200 with success true, and nothing else`() {
        #expect(outcome(200, #"{"success":true}"#) == Outcome(.success, httpStatus: 200))
        #expect(outcome(200, #"{"success":true,"error":null,"more":[1]}"#).reason == .success)
        #expect(outcome(200, #"{"success":false}"#).reason == .vendorRefused)
        for body in [
            "", "{}", "<html>", "null", "[]", "true", #"{"success":"true"}"#, #"{"success":1}"#, #"{"success":null}"#,
            #"{"success":true"#, #"{"success":true}}"#, #"{"success":true,"success":true}"#, #"{"Success":true}"#,
            #"{"status":100,"message":"Success"}"#, #"[{"success":true}]"#, #"{"data":{"success":true}}"#,
            #"{"succ\u0065ss":true}"#, #"{"success":true,"error":{}}"#, #"{"success":true,"error":"no"}"#,
            #"{"success":false,"error":[]}"#, #"{"success":true,"error":{"code":190}}"#, #"{"error":{"code":"190"}}"#,
            #"{"error":{"code":190.5}}"#, #"{"error":{"message":"190"}}"#, #"{"code":190}"#,
        ] {
            #expect(outcome(200, body).reason == .malformed, "\(body)")
        }
    }

    @Test func `The code is the verdict and the message is shown, cleaned`() {
        let expected = Outcome(
            .authenticationRefused, httpStatus: 401, apiStatus: 190, message: "Error validating access token")
        #expect(outcome(401, Self.expired) == expected)
        let echo = Sample.outcome(
            400, #"{"error":{"message":"(#100) EAAJB may not set 482913","code":100}}"#, of: .whatsapp,
            secrets: ["EAAJB"])
        #expect(echo.message == "(#100) [redacted] may not set [redacted]" && echo.apiStatus == 100)
        #expect(outcome(400, #"{"error":{"message":7,"code":100}}"#).message == nil)
        let blocked = outcome(
            400, #"{"error":{"message":"(#133016) 482913: account deregistered 133016","code":133016}}"#)
        #expect(
            blocked.message == "(#133016) [redacted]: account deregistered 133016" && blocked.reason == .tooManyAttempts
        )
        #expect(outcome(400, #"{"error":{"message":"code 190","code":100}}"#).reason == .vendorRefused)
    }

    /// Meta's codes, each with what it proves with HTTP 2xx and 4xx, and with 5xx.
    private static let codes: [(codes: ClosedRange<Int>, below500: OutcomeReason, from500: OutcomeReason)] = [
        (-1...0, .vendorRefused, .serverError), (1...2, .serviceUnavailable, .serviceUnavailable),
        (3...3, .authenticationRefused, .authenticationRefused), (4...4, .rateLimited, .rateLimited),
        (5...9, .vendorRefused, .serverError), (10...10, .authenticationRefused, .authenticationRefused),
        (11...16, .vendorRefused, .serverError), (17...17, .rateLimited, .rateLimited),
        (18...31, .vendorRefused, .serverError), (32...32, .rateLimited, .rateLimited),
        (33...189, .vendorRefused, .serverError), (190...190, .authenticationRefused, .authenticationRefused),
        (191...199, .vendorRefused, .serverError), (200...299, .authenticationRefused, .authenticationRefused),
        (300...367, .vendorRefused, .serverError), (368...368, .accountBlocked, .accountBlocked),
        (369...612, .vendorRefused, .serverError), (613...613, .rateLimited, .rateLimited),
        (614...999, .vendorRefused, .serverError), (80_006...80_006, .vendorRefused, .serverError),
        (80_007...80_007, .rateLimited, .rateLimited), (130_429...130_429, .rateLimited, .rateLimited),
        (131_030...131_030, .vendorRefused, .serverError), (131_031...131_031, .accountBlocked, .accountBlocked),
        (133_015...133_015, .vendorRefused, .serverError), (133_016...133_016, .tooManyAttempts, .tooManyAttempts),
        (133_017...133_017, .vendorRefused, .serverError),
    ]

    @Test func `Each code has its reason at every HTTP status`() {
        for line in Self.codes {
            for code in line.codes {
                for status in [200, 201, 400, 401, 403, 404, 408, 499] {
                    #expect(outcome(status, error(code)).reason == line.below500, "\(status) \(code)")
                }
                let limited: OutcomeReason = line.below500 == .vendorRefused ? .rateLimited : line.below500
                #expect(outcome(429, error(code)).reason == limited, "429 \(code)")
                for status in [500, 503, 599] {
                    #expect(outcome(status, error(code)).reason == line.from500, "\(status) \(code)")
                }
            }
        }
    }
}
