import Foundation
import Planning
import Testing

@testable import Vendors

@Suite("The bytes that Picky Assist documents")
struct PickyAssistAPITests {
    @Test func `an enable is the vendor's sample, byte by byte, with the PIN as a string`() throws {
        let request = try Sample.enable(token: "abc123", pin: "987123")
        #expect(try request.bodyText() == #"{"token":"abc123","action":0,"pin":"987123"}"#)
    }

    @Test func `a disable carries no PIN`() throws {
        let request = try Sample.disable(token: "abc123")
        #expect(try request.bodyText() == #"{"token":"abc123","action":1}"#)
    }

    @Test func `a PIN keeps its leading zeros`() throws {
        let request = try Sample.enable(pin: "000042")
        #expect(try request.bodyText().hasSuffix(#""pin":"000042"}"#))
    }

    @Test func `every token that there can be is read back as it was`() throws {
        let everything = String(String.UnicodeScalarView((33...126).map { Unicode.Scalar(UInt8($0)) }))
        for text in [everything, #""},"action":1,"x":""#, #"\"#, #"\\""#, #"\u0041"#] {
            let body = try Sample.enable(token: text).content().body
            let object = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
            #expect(object["token"] as? String == text)
            #expect(object.count == 3)
        }
    }

    @Test func `neither the token nor the PIN can be printed`() throws {
        let request = try Sample.enable(token: "canary-token", pin: "987123")
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("canary-token"))
            #expect(!text.contains("987123"))
        }
    }

    @Test func `the path is the endpoint's own, and no header carries the token`() throws {
        let content = try Sample.enable(token: "abc123").content()
        #expect(content.path.isEmpty && content.headers.isEmpty)
    }

    @Test(arguments: [
        (#"{"status":133016}"#, OutcomeReason.tooManyAttempts), (#"{"status":"133016"}"#, .tooManyAttempts),
        (#"{"status":400,"message":"(#133016) Too many attempts"}"#, .tooManyAttempts),
        (#"{"status":0,"message":"133016"}"#, .tooManyAttempts),
        (#"{"status":400,"message":"1330160, 2133016 or 13301"}"#, .vendorRefused),
        (#"{"status":400,"message":"13 3016"}"#, .vendorRefused),
        (#"{"status":400,"message":133016}"#, .vendorRefused),
        (#"{"status":400,"error":"133016"}"#, .vendorRefused),
        (#"{"status":100,"message":"133016"}"#, .success),
        (#"{"status":101,"message":"133016"}"#, .serviceUnavailable),
        (#"{"message":"133016"}"#, .malformed),
    ])
    func `a refusal that names a long block is told from others`(_ body: String, _ reason: OutcomeReason) {
        #expect(Sample.outcome(200, body).reason == reason)
    }

    @Test func `a PIN that is the number of the long block, and is repeated in a refusal, is no block`() throws {
        let secrets = try Sample.enable(pin: "133016").secrets
        let outcome = Sample.outcome(200, #"{"status":400,"message":"133016 is no PIN"}"#, secrets: secrets)
        #expect(outcome.reason == .vendorRefused && outcome.message == "[redacted] is no PIN")
    }
}
