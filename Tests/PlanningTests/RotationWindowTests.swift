import Dice
import Exploration
import Planning
import Testing

struct RotationWindowTests {
    typealias F = Fixture

    // MARK: Text

    @Test(arguments: [
        ("Mon-Fri 09:00-17:00 Europe/Rome", "Mon,Tue,Wed,Thu,Fri 09:00-17:00 Europe/Rome"),
        ("sat,SUN 22:00-04:00 UTC", "Sat,Sun 22:00-04:00 UTC"),
        ("daily 00:00-24:00 UTC", "daily 00:00-24:00 UTC"),
        ("Mon-Sun 18:00-00:00 UTC", "daily 18:00-24:00 UTC"),
        ("Sat-Mon,Wed 01:05-02:10 UTC", "Mon,Wed,Sat,Sun 01:05-02:10 UTC"),
        ("  Tue   10:00-11:00  UTC ", "Tue 10:00-11:00 UTC"),
    ])
    func `A window is read and written, and read again`(text: String, canonical: String) throws {
        let window = try RotationWindow(parsing: text)
        #expect(window.text == canonical)
        #expect(try RotationWindow(parsing: canonical) == window)
    }

    @Test(arguments: [
        ("", RotationWindowError.shape), ("Mon 09:00-17:00", .shape), ("Mon 09:00 - 17:00 UTC", .shape),
        ("Mo 09:00-17:00 UTC", .day("Mo")), ("Mon-Tue-Wed 09:00-17:00 UTC", .day("Mon-Tue-Wed")),
        ("Mon, 09:00-17:00 UTC", .day("")), ("Mon 9:00-17:00 UTC", .time("9:00-17:00")),
        ("Mon 09:00-25:00 UTC", .time("09:00-25:00")), ("Mon 09:60-10:00 UTC", .time("09:60-10:00")),
        ("Mon 24:00-10:00 UTC", .time("24:00-10:00")), ("Mon 09:00 UTC", .time("09:00")),
        ("Mon 09:00-24:01 UTC", .time("09:00-24:01")), ("Mon 00:00-00:00 UTC", .time("00:00-00:00")),
        ("Mon 09:00-09:00 UTC", .empty),
    ])
    func `Mistakes are told apart`(text: String, error: RotationWindowError) {
        #expect(throws: error) { try RotationWindow(parsing: text) }
        #expect(!error.description.isEmpty)
    }

    @Test func `A text without end is refused`() {
        #expect(throws: RotationWindowError.shape) {
            try RotationWindow(parsing: "Mon 09:00-17:00 " + String(repeating: "x", count: 200))
        }
    }

    // MARK: Open or not

    private func isOpen(_ window: String, _ zone: ZoneOffsets, _ instants: [String]) throws -> [Bool] {
        let window = try RotationWindow(parsing: window)
        return instants.map { window.isOpen(at: F.instant($0), in: zone) }
    }

    @Test func `It opens at its first minute and closes before its last`() throws {
        let open = try isOpen(
            "Mon-Fri 09:00-17:00 X", Zones.rome,
            [
                "2026-07-01T08:59:59.999+02:00", "2026-07-01T09:00:00+02:00", "2026-07-01T16:59:59.999+02:00",
                "2026-07-01T17:00:00+02:00", "2026-07-04T12:00:00+02:00",
            ])
        #expect(open == [false, true, true, false, false])
    }

    @Test func `A window across midnight belongs to the day on which it starts`() throws {
        let open = try isOpen(
            "Fri 22:00-04:00 X", Zones.sydney,
            [
                "2026-07-03T21:59:00+10:00", "2026-07-03T22:00:00+10:00", "2026-07-04T03:59:00+10:00",
                "2026-07-04T04:00:00+10:00", "2026-07-03T02:00:00+10:00", "2026-07-04T22:00:00+10:00",
            ])
        #expect(open == [false, true, true, false, false, false])
    }

    @Test func `A window that begins in a gap opens when the gap ends`() throws {
        let window = try RotationWindow(parsing: "Sun 02:30-04:00 X")
        let north = F.instant("2026-03-29T00:00:00Z")
        #expect(window.nextOpen(from: north, in: Zones.rome) == F.instant("2026-03-29T01:00:00Z"))
        #expect(!window.isOpen(at: F.instant("2026-03-29T02:00:00Z"), in: Zones.rome))
        let south = F.instant("2026-10-03T15:00:00Z")
        #expect(window.nextOpen(from: south, in: Zones.sydney) == F.instant("2026-10-03T16:00:00Z"))
    }

    @Test func `A window in an overlap is open from its first opening to its last closing`() throws {
        let open = try isOpen(
            "Sun 02:15-02:45 X", Zones.rome,
            [
                "2026-10-25T02:14:59+02:00", "2026-10-25T02:15:00+02:00", "2026-10-25T02:50:00+02:00",
                "2026-10-25T02:44:59+01:00", "2026-10-25T02:45:00+01:00",
            ])
        #expect(open == [false, true, true, true, false])
    }

    @Test func `A window across midnight is an hour longer or shorter when the clock changes in it`() throws {
        let window = try RotationWindow(parsing: "Sat 23:00-04:00 X")
        for (from, hours) in [("2026-03-28T22:00:00Z", 4), ("2026-10-24T21:00:00Z", 6)] {
            let opens = window.nextOpen(from: F.instant(from), in: Zones.rome)
            #expect(opens == F.instant(from))
            let end = opens.advanced(by: .seconds(hours * 3600))
            #expect(window.isOpen(at: end.advanced(by: .milliseconds(-1)), in: Zones.rome))
            #expect(!window.isOpen(at: end, in: Zones.rome))
        }
    }

    @Test func `A window swallowed by a gap is passed over`() throws {
        let window = try RotationWindow(parsing: "Sun 02:10-02:50 X")
        #expect(!window.isOpen(at: F.instant("2026-03-29T01:00:00Z"), in: Zones.rome))
        let after = window.nextOpen(from: F.instant("2026-03-28T12:00:00Z"), in: Zones.rome)
        #expect(after == F.instant("2026-04-05T02:10:00+02:00"))
        // More than a week ahead, which is as far as a search goes: it is repeated a day later.
        let early = F.instant("2026-03-22T03:00:00+01:00")
        #expect(window.nextOpen(from: early, in: Zones.rome) == early.advanced(by: .seconds(86_400)))
    }

    @Test(
        arguments: [
            "Mon-Fri 09:00-17:00 X", "Sun 01:00-05:00 X", "daily 22:00-03:30 X", "Wed 00:00-24:00 X",
            "Sat 23:59-00:00 X", "daily 00:00-24:00 X", "Sun 02:30-03:30 X", "Sat,Sun 12:00-11:59 X",
        ],
        [Zones.rome, Zones.sydney, Zones.newfoundland, .utc])
    func `The next opening is open, is the first, and is at most eight days away`(
        text: String, zone: ZoneOffsets
    ) throws {
        let window = try RotationWindow(parsing: text)
        var random = SplitMix64(seed: 5)
        for _ in 0..<300 {
            let now = F.now.advanced(by: .seconds(Int64.random(in: 0..<365 * 86_400, using: &random)))
            let next = window.nextOpen(from: now, in: zone)
            #expect(next >= now && now.duration(to: next) <= .seconds(8 * 86_400))
            #expect(window.isOpen(at: next, in: zone), "\(now) \(next)")
            if next > now {
                #expect(!window.isOpen(at: now, in: zone))
                #expect(!window.isOpen(at: next.advanced(by: .milliseconds(-1)), in: zone))
                let between = Int64.random(in: 0..<now.duration(to: next).milliseconds, using: &random)
                #expect(!window.isOpen(at: now.advanced(by: .milliseconds(between)), in: zone))
            }
        }
    }
}
