import Testing

@testable import Vendors

@Suite("Texts from outside, made fit to be shown")
struct RedactionTests {
    private func clean(_ text: String, _ secrets: String..., longest: Int = 200) -> String {
        Redaction.clean(text, secrets: secrets, longest: longest)
    }

    @Test func `every occurrence of a secret is replaced, wherever it stands`() {
        #expect(clean("canary and canarycanary", "canary") == "[redacted] and [redacted][redacted]")
        #expect(clean("xcanaryx", "canary") == "x[redacted]x")
        #expect(clean("canar", "canary") == "canar")
        #expect(clean("ccanary", "canary") == "c[redacted]")
        #expect(clean("", "canary").isEmpty)
        #expect(clean("nothing", "") == "nothing")
    }

    @Test(arguments: ["\u{301}", "\u{20E3}", "\u{FE0F}", "\u{200D}"])
    func `a combining mark behind a secret does not hide it`(_ mark: String) {
        #expect(!clean("the token is canary\(mark) now", "canary").contains("canar"))
        #expect(!clean("987123\(mark)", "987123").unicodeScalars.contains("9"))
    }

    @Test func `no part of a secret is left by the cut, or by what a long secret leaves behind`() {
        for before in 0...210 {
            let text = clean(String(repeating: "x", count: before) + "canary", "canary")
            #expect(!text.contains("c") || !text.contains("ca"), "\(text)")
        }
        let long = String(repeating: "k", count: 4095) + "z"
        #expect(clean(String(repeating: long, count: 15), long) == String(repeating: "[redacted]", count: 15))
    }

    @Test func `a message is one line of bounded length without control characters`() {
        let hostile = "a\r\nb\u{1b}[2Jc\u{0}d\u{85}e\u{2028}f\u{202e}g\u{200b}h\u{7f}"
        #expect(clean(hostile) == "a  b [2Jc d e f g h ")
        #expect(clean(String(repeating: "é", count: 5000)).unicodeScalars.count == 200)
        #expect(clean("e" + String(repeating: "\u{301}", count: 60_000)).unicodeScalars.count == 200)
    }

    @Test func `the secrets of other numbers are replaced as well, whole ones first`() {
        let index = SecretIndex(["token-of-sales", "token-of-sales-eu", "abc", "x:\"y\\"])
        func clean(_ text: String) -> String {
            Redaction.clean(text, secrets: ["own-token"], others: index, longest: 200)
        }
        #expect(clean("own-token, not token-of-sales-eu") == "[redacted], not [redacted]")
        #expect(clean("token-of-salestoken-of-sales-e") == "[redacted][redacted]-e")
        #expect(clean("say x:\"y\\ and tok") == "say [redacted] and tok")
        #expect(clean("abc") == "abc", "three letters are a word of every sentence")
        #expect("\(index)" == "SecretIndex(redacted)" && Mirror(reflecting: index).children.isEmpty)
    }

    @Test func `of secrets that begin alike the longest that stands there is replaced, in every text of ten letters`() {
        let secrets = [
            "aaaa", "aaaab", "aaaab", "aaaabba", "abab", "ababa", "ababaaaa", "bbbb", "bbbbaaaa", "baab", "baa",
        ]
        let index = SecretIndex(secrets)
        for number in 0..<1024 {
            let text = (0..<10).map { number >> $0 & 1 == 0 ? "a" : "b" }.joined()
            var (expected, rest) = ("", text[...])
            while let first = rest.first {
                let found = secrets.filter { $0.count >= SecretIndex.minLength && rest.hasPrefix($0) }
                let longest = found.map(\.count).max()
                expected += longest == nil ? String(first) : Redaction.placeholder
                rest = rest.dropFirst(longest ?? 1)
            }
            #expect(index.redacting(text) == expected)
        }
        #expect(SecretIndex(["abc"]).redacting("abcabc") == "abcabc" && SecretIndex([]).redacting("a") == "a")
    }

    @Test func `six digits that stand alone are taken for a PIN, whosever it is`() {
        #expect(clean("482913") == "[redacted]")
        #expect(clean("PIN 482913, was:000001.") == "PIN [redacted], was:[redacted].")
        #expect(clean("from +15550100001 in 12345 or 1234567 ms") == "from +15550100001 in 12345 or 1234567 ms")
    }

    @Test(arguments: [
        "(#133016) Request failed", "Error code 133016: wait", "error 133016", "error_code=133016",
        "HTTP status 133016",
        #"{"error":{"code":133016,"message":"x"}}"#, #"{"status": 133016}"#,
    ])
    func `six digits are shown where the text says that they are a code (20.15)`(_ text: String) {
        #expect(clean(text) == text)
        #expect(clean(text, "133016") == text.replacing("133016", with: "[redacted]"), "a secret all the same")
        #expect(
            Redaction.clean(text, secrets: [], others: SecretIndex(["133016"]), code: 133_016, longest: 200)
                == text.replacing("133016", with: "[redacted]"))
    }

    @Test(arguments: [
        "the code 482913 is wrong", "code: 482913", "#482913", "(#482913 is set)", "PIN (482913)", "terror 482913",
        "status of 482913", "482913 error",
    ])
    func `six digits that are called a code in another sense, or nothing at all, are hidden (20.15)`(_ text: String) {
        #expect(clean(text) == text.replacing("482913", with: "[redacted]"))
        #expect(Redaction.clean(text, secrets: [], code: 482_913, longest: 200) == text, "it is this answer's code")
    }
}
