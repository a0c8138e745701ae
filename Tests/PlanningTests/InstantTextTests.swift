import Dice
import Exploration
import Planning
import Testing

struct InstantTextTests {
    typealias F = Fixture

    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0), ("2026-01-01T00:00:00.000Z", 1_767_225_600_000),
        ("1969-12-31T23:59:59.999Z", -1), ("2024-02-29T12:34:56.789Z", 1_709_210_096_789),
        ("0001-01-01T00:00:00.000Z", -62_135_596_800_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func `Text and milliseconds agree, both ways`(text: String, milliseconds: Int64) {
        #expect(Instant(text)?.millisecondsSinceEpoch == milliseconds)
        #expect(Instant(millisecondsSinceEpoch: milliseconds).description == text)
    }

    @Test(arguments: [
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"),
        ("2025-12-31T18:30:00-05:30", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01t00:00:00z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z"),
        ("2026-01-01T00:00:00.123999999Z", "2026-01-01T00:00:00.123Z"),
        ("2026-01-01T00:00:00-00:00", "2026-01-01T00:00:00.000Z"),
    ])
    func `Offsets, fractions and lower case are read`(text: String, canonical: String) {
        #expect(Instant(text)?.description == canonical)
    }

    @Test(arguments: [
        "", "2026", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z", "2026-00-10T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2:00",
        "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+02:60", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00ZZ", "+026-01-01T00:00:00Z", "2026-01-01T00:00:00.000", "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "２026-01-01T00:00:00Z", "2026-1-1T0:0:0Z",
    ])
    func `Anything else is not an instant`(text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `What follows a long fraction is not ignored`() {
        for zeros in 1..<60 {
            let text = "2026-01-01T00:00:00." + String(repeating: "0", count: zeros) + "Z"
            #expect(Instant(text + "junk") == nil, "\(zeros) zeros")
        }
        #expect(Instant("2026-01-01T00:00:00." + String(repeating: "0", count: 43) + "Z") != nil)
    }

    @Test func `Text goes round for instants all over the calendar, and text order is time order`() {
        var random = SplitMix64(seed: 7)
        let range = Instant.distantPast.millisecondsSinceEpoch...Instant.distantFuture.millisecondsSinceEpoch
        for _ in 0..<5000 {
            let (first, second) = (
                Instant(millisecondsSinceEpoch: .random(in: range, using: &random)),
                Instant(millisecondsSinceEpoch: .random(in: range, using: &random))
            )
            #expect(Instant(first.description) == first)
            #expect((first < second) == (first.description < second.description))
        }
    }
}
