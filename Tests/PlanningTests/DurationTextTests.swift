import Planning
import Testing

struct DurationTextTests {
    @Test(arguments: [
        ("90d", 7_776_000_000), ("1h30m", 5_400_000), ("2w", 1_209_600_000), ("15s", 15_000), ("250ms", 250),
        ("0s", 0), ("1w2d3h4m5s6ms", 788_645_006), ("10000d", 864_000_000_000), ("007m", 420_000),
    ])
    func `Periods are read`(text: String, milliseconds: Int64) {
        #expect(Duration(periodText: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        "", "90", "d", "90 d", "-1d", "1.5h", "1D", "1y", "30m1h", "1h1h", "1h 30m", "10001d", "9999999999999ms",
        "999999999999w", "10000d1ms", "１h", "1h\u{0}", "1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s1s", "never",
    ])
    func `Anything else is not a period`(text: String) {
        #expect(Duration(periodText: text) == nil)
    }

    @Test(arguments: [
        ("90d", 7_776_000_000), ("36h", 129_600_000), ("90m", 5_400_000), ("61s", 61_000), ("1500ms", 1500),
        ("0s", 0),
    ])
    func `Periods are written in the largest exact unit, and read again`(text: String, milliseconds: Int64) {
        #expect(Duration.milliseconds(milliseconds).periodText == text)
        #expect(Duration(periodText: text) == .milliseconds(milliseconds))
    }

    @Test(arguments: [
        ("0 ms", 0), ("120 ms", 120), ("45 s", 45_999), ("2 min 5 s", 125_000), ("12 min", 725_000),
        ("2 d 3 h", 183_600_000), ("3 h", 10_800_000), ("40 d", 3_459_600_000), ("0 ms", -5000),
    ])
    func `Rough text has two units at most`(text: String, milliseconds: Int64) {
        #expect(Duration.milliseconds(milliseconds).roughText == text)
    }
}
