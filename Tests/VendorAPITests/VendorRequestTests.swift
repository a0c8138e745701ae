import Foundation
import Planning
import Testing

@testable import VendorAPI

@Suite("The bytes that the vendor documents")
struct VendorRequestTests {
    @Test("an enable is the vendor's sample, byte by byte, with the PIN as a string")
    func enable() throws {
        let request = try Sample.enable(token: "abc123", pin: "987123")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"token":"abc123","action":0,"pin":"987123"}"#)
    }

    @Test("a disable carries no PIN")
    func disable() throws {
        let request = try Sample.disable(token: "abc123")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"token":"abc123","action":1}"#)
    }

    @Test("a PIN keeps its leading zeros")
    func leadingZeros() throws {
        let request = try Sample.enable(pin: "000042")
        #expect(String(decoding: request.body, as: UTF8.self).hasSuffix(#""pin":"000042"}"#))
    }

    @Test("every token that there can be is read back as it was")
    func escaping() throws {
        let everything = String(String.UnicodeScalarView((33...126).map { Unicode.Scalar(UInt8($0)) }))
        for text in [everything, #""},"action":1,"x":""#, #"\"#, #"\\""#, #"\u0041"#] {
            let body = try Sample.enable(token: text).body
            let object = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
            #expect(object["token"] as? String == text)
            #expect(object.count == 3)
        }
    }

    @Test("neither the token nor the PIN can be printed")
    func printing() throws {
        let request = try Sample.enable(token: "canary-token", pin: "987123")
        var dumped = ""
        dump(request, to: &dumped)
        for text in ["\(request)", String(reflecting: request), dumped] {
            #expect(!text.contains("canary-token"))
            #expect(!text.contains("987123"))
        }
    }
}
