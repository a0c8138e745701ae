import Planning
import Testing

@testable import Vendors

@Suite("Retry-After in all of its forms")
struct RetryAfterTests {
    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    private let example = Instant(millisecondsSinceEpoch: 784_111_777_000)

    @Test(arguments: [
        ("0", 0), ("1", 1), (" 120\t", 120), ("007", 7), ("3600", 3600), ("3601", 3600),
        ("999999999", 3600), ("99999999999999999999999999", 3600),
    ])
    func `seconds are read, and bounded to an hour`(_ text: String, _ seconds: Int) {
        #expect(RetryAfter.delay(text, now: example) == .seconds(seconds))
    }

    @Test func `a date is read against now, and bounded to an hour`() {
        let text = "Sun, 06 Nov 1994 08:49:37 GMT"
        #expect(RetryAfter.delay(text, now: example.advanced(by: .seconds(-90))) == .seconds(90))
        #expect(RetryAfter.delay(text, now: example) == .zero)
        #expect(RetryAfter.delay(text, now: example.advanced(by: .seconds(5))) == .zero)
        #expect(RetryAfter.delay("Fri, 31 Dec 9999 23:59:60 GMT", now: example) == RetryAfter.maxDelay)
        #expect(RetryAfter.delay("Thu, 01 Jan 1970 00:00:00 GMT", now: .distantFuture) == .zero)
    }

    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        " Sun Nov  6 08:49:37 1994\t",
    ])
    func `a date is read in each form that HTTP has`(_ text: String) {
        #expect(RetryAfter.delay(text, now: example.advanced(by: .seconds(-90))) == .seconds(90))
    }

    @Test func `a year of two digits is at most fifty years later`() {
        // 2026-11-29.
        let now = Instant(millisecondsSinceEpoch: 1_795_910_400_000)
        #expect(RetryAfter.delay("Sunday, 29-Nov-76 00:00:00 GMT", now: now) == RetryAfter.maxDelay, "2076")
        #expect(RetryAfter.delay("Sunday, 29-Nov-77 00:00:00 GMT", now: now) == .zero, "1977")
    }

    @Test(arguments: [-86_400, -600, 0, 600, 86_400])
    func `a date is measured from the answer's own Date, whatever this machine's clock says`(_ difference: Int) {
        let text = "Sun, 06 Nov 1994 08:51:07 GMT"
        let now = example.advanced(by: .seconds(difference))
        #expect(RetryAfter.delay(text, date: "Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(90))
        #expect(RetryAfter.delay(text, date: "Sunday, 06-Nov-94 08:49:37 GMT", now: now) == .seconds(90))
        #expect(RetryAfter.delay("120", date: "Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(120))
        #expect(RetryAfter.delay(text, date: "now", now: example) == .seconds(90), "one that cannot be read is none")
    }

    @Test(arguments: [
        "", " ", "-1", "1.5", "+1", "1 2", "soon", "１", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 999999999999999 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
        "Sun Nov  06 08:49:37 1994", "Sun Nov  6 08:49:37 1994 GMT", "Sunday, 31-Feb-94 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", String(repeating: "1", count: 70_000),
    ])
    func `what cannot be read asks for nothing`(_ text: String) {
        #expect(RetryAfter.delay(text, now: example) == nil)
    }

    @Test func `an outcome carries it`() {
        #expect(Sample.outcome(429, "", retryAfter: "7").retryAfter == .seconds(7))
        #expect(Sample.outcome(503, "", retryAfter: "x").retryAfter == nil)
    }
}
