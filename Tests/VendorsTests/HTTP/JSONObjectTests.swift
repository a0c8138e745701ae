import Foundation
import Planning
import Testing

@testable import Vendors

@Suite("The JSON of an answer")
struct JSONObjectTests {
    private let success = #"{"status":100,"message":"Success"}"#

    private func judge(_ bytes: [UInt8]) -> Outcome { Sample.outcome(200, .complete(bytes)) }

    @Test(arguments: [
        #"{"STATUS":100}"#, #"{"message":"status"}"#, #"{"x":"status","y":100}"#, #"{"status":100]"#,
        #"x{"status":100}"#, #"{"status" 100}"#, #"{"status"::100}"#, #"{"status":100 "message":""}"#,
        #")]}',{"status":100}"#, #"callback({"status":100})"#, #"{"status":100}/* */"#, #"{"status":100,"x":"#,
        #"{"status":100,"message":"\"#, #"{"status":100,"message":"\x"}"#, #"{,"status":100}"#,
        "{\"status\":100}\u{0}", "\u{0}{\"status\":100}", "status=100", "}", "{", #"{"status":}"#,
    ])
    func `what is almost JSON, or more than one JSON object, proves nothing`(_ text: String) {
        #expect(judge(Array(text.utf8)).reason == .malformed)
    }

    @Test(arguments: [
        "--100", ".1e3", "100.", "-", "Infinity", "'100'", "-99999999999999999999", "100.00000000000000001",
        "99.99999999999999999999", #"" ""#, #""-100""#, #""one hundred""#, #""١٠٠""#, #""100\u0000""#, #""100\n""#,
        String(repeating: "1", count: 5000), "1e99999999999", "1000000000000000",
        "0.0000000000000001e18", "1e2.0", "1e2e1",
    ])
    func `a status that is close to a number is malformed`(_ literal: String) {
        let outcome = judge(Array("{\"status\":\(literal),\"message\":\"Success\"}".utf8))
        #expect(outcome.reason == .malformed, "\(outcome)")
        #expect(outcome.apiStatus == nil)
    }

    @Test(arguments: [
        #"{"status":100,"status":100}"#, #"{"status":404,"status":100}"#, #"{"status":100,"status":404}"#,
        #"{"status":100,"\u0073tatus":404}"#, #"{"\u0073tatus":404,"status":100}"#,
        #"{"\u0073\u0074\u0061\u0074\u0075\u0073":100}"#, #"{"status":"100","message":"x","status":101}"#,
        #"{"status":100,"statu\u0073":404}"#,
    ])
    func `an answer that names its status twice is not believed, in whatever spelling`(_ text: String) {
        #expect(judge(Array(text.utf8)).reason == .malformed)
    }

    @Test(arguments: [
        #"{"status":100,"data":{"status":404}}"#, #"{"list":[{"status":404}],"status":100}"#,
        #"{"message":"\"status\":404","status":100}"#, #"{"x\"status":404,"status":100}"#,
        #"{"x\\":"status","status":100}"#, #"{"note":"status","status":100,"message":"{\"status\":404}"}"#,
    ])
    func `a status elsewhere is nobody's status`(_ text: String) {
        let outcome = judge(Array(text.utf8))
        #expect(outcome.reason == .success)
        #expect(outcome.apiStatus == 100)
    }

    @Test func `nesting is read to a limit, and a bomb is only malformed`() {
        func nested(_ depth: Int, _ open: String, _ close: String, inner: String = "1") -> [UInt8] {
            let value = String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
            return Array("{\"status\":100,\"x\":\(value)}".utf8)
        }
        #expect(judge(nested(JSONObject.maxDepth - 1, "[", "]")).reason == .success)
        #expect(judge(nested(JSONObject.maxDepth, "[", "]")).reason == .malformed)
        #expect(judge(nested(30_000, "[", "]")).reason == .malformed)
        #expect(judge(nested(10_000, "{\"x\":", "}")).reason == .malformed)
        #expect(judge(Array(repeating: UInt8(ascii: "["), count: HTTPVendorClient.bodyLimit)).reason == .malformed)
        #expect(judge(Array(repeating: UInt8(ascii: "{"), count: HTTPVendorClient.bodyLimit)).reason == .malformed)
    }

    @Test func `bytes that are no UTF-8 are malformed`() throws {
        #expect(judge([0xff, 0xfe, 0xfd]).reason == .malformed)
        #expect(judge(Array(repeating: 0, count: 1000)).reason == .malformed)
        let head = Array(#"{"status":100,"message":""#.utf8)
        #expect(judge(head + [0xc3, 0x28] + Array("\"}".utf8)).reason == .malformed)
        #expect(judge(head + [0xed, 0xa0, 0x80] + Array("\"}".utf8)).reason == .malformed)
        for encoding in [String.Encoding.utf16, .utf16LittleEndian, .utf16BigEndian, .utf32] {
            let bytes = try #require(success.data(using: encoding))
            #expect(judge(Array(bytes)).reason == .malformed, "\(encoding)")
        }
    }

    @Test func `a byte order mark before the object changes nothing`() {
        #expect(judge([0xef, 0xbb, 0xbf] + Array(success.utf8)).reason == .success)
    }

    @Test func `a message of another type is no reason to doubt the status`() {
        for literal in ["null", "1", "true", "[]", "{}", "{\"status\":1}"] {
            let outcome = judge(Array("{\"status\":100,\"message\":\(literal)}".utf8))
            #expect(outcome.reason == .success, "\(literal)")
            #expect(outcome.message == nil, "\(literal)")
        }
    }

    @Test func `any damage to a good answer leaves it accepted as it was, or in doubt, or another well-formed status`()
    {
        let good = Array(success.utf8)
        for index in good.indices {
            // A prefix is never a whole object.
            #expect(judge(Array(good[..<index])).reason == .malformed)
            for replacement in [UInt8(0), 9, 34, 44, 92, 123, 125, 0xff] where good[index] != replacement {
                var bytes = good
                bytes[index] = replacement
                let outcome = judge(bytes)
                #expect([.success, .malformed, .vendorRefused].contains(outcome.reason), "\(index) \(replacement)")
                if outcome.reason == .success { #expect(outcome.apiStatus == 100) }
            }
        }
    }

    @Test func `an object with two members of one name is malformed, wherever it is`() {
        for text in [
            #"{"status":100,"x":1,"x":1}"#, #"{"status":100,"message":"a","message":"b"}"#,
            #"{"status":100,"x":{"a":1,"a":2}}"#, #"{"status":100,"x":[{"a":1,"a":2}]}"#,
            #"{"status":100,"\u00e9":1,"é":2}"#,
        ] {
            #expect(judge(Array(text.utf8)).reason == .malformed, "\(text)")
        }
    }

    @Test func `a name whose letters are escaped is malformed, and any other escape is read`() {
        for text in [#"{"err\u006fr":{"code":190},"success":true}"#, #"{"success":true,"x":{"\u0031":1}}"#] {
            #expect(JSONObject(Array(text.utf8)) == nil, "\(text)")
        }
        let object = JSONObject(Array(#"{"a\/b":1,"\u00e9\ud83d\ude42":"\u0061\t"}"#.utf8))
        #expect(object?["a/b"] == .number(1) && object?["é🙂"] == .text("a\t"))
    }

    @Test func `an escape has four hexadecimal digits and nothing else`() {
        for digits in ["-000", "+000", "00 0", "0x10", "000", "00g0"] {
            #expect(JSONObject(Array("{\"x\":\"\\u\(digits)\"}".utf8)) == nil, "\(digits)")
        }
        #expect(JSONObject(Array(#"{"x":"\u0000\u00Ff"}"#.utf8))?["x"] == .text("\0ÿ"))
    }

    @Test
    func `each kind of value is told from the others, and a number that is not whole or could be rounded has no value`()
        throws
    {
        let text =
            #"{"o":{"i":-7},"e":{},"a":[1,{"x":[]}],"t":"x","n":1e2,"r":1.5,"l":1000000000000000,"b":false,"z":null}"#
        let object = try #require(JSONObject(Array(text.utf8)))
        guard case .object(let inner)? = object["o"] else {
            Issue.record("no object")
            return
        }
        #expect(inner["i"] == .number(-7) && object["a"] == .array && object["t"]?.text == "x")
        #expect(object["n"] == .number(100) && object["r"] == .number(nil) && object["l"] == .number(nil))
        #expect(object["b"] == .bool(false) && object["z"] == .null && object["x"] == nil && object["n"]?.text == nil)
    }

    @Test func `what is read Foundation's reader reads as well, whatever byte is another`() throws {
        let answers = [
            #"{"status":100,"message":"Success"}"#, #"{"message":"no, (or not)\u00e9\ud83d\ude42","status":403}"#,
            #"{"status":0,"x":[1.5e1,{"a":null}]}"#, #"{"success":true,"error":{"code":190,"x":{}}}"#,
        ]
        for answer in answers {
            let bytes = Array(answer.utf8)
            #expect(JSONObject(bytes) != nil, "\(answer)")
            for place in bytes.indices {
                let others = (UInt8.min...UInt8.max).map { bytes[..<place] + [$0] + bytes[(place + 1)...] }
                let without = bytes[..<place] + bytes[(place + 1)...]
                let twice = bytes[..<place] + bytes[place...place] + bytes[place...]
                for changed in (others + [without, twice]).map(Array.init) {
                    guard let object = JSONObject(changed) else { continue }
                    let text = String(decoding: changed, as: UTF8.self)
                    let reference = try JSONSerialization.jsonObject(with: Data(changed)) as? [String: Any]
                    #expect(agree(object, try #require(reference, "\(text)")), "\(text)")
                }
            }
        }
    }

    /// Returns true when each member that Foundation reads has the same value here.
    private func agree(_ object: JSONObject, _ reference: [String: Any]) -> Bool {
        reference.allSatisfy { name, value in
            switch object[name] {
            case .object(let inner)?: (value as? [String: Any]).map { agree(inner, $0) } ?? false
            case .array?: value is [Any]
            case .text(let text)?: value as? String == text
            case .number(let number?)?: value as? Int == number
            case .number(nil)?: value is NSNumber
            case .bool(let bool)?: value as? Bool == bool
            case .null?: value is NSNull
            case nil: false
            }
        }
    }
}
