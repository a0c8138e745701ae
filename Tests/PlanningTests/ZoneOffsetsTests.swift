import Planning
import Testing

struct ZoneOffsetsTests {
    typealias F = Fixture

    @Test func `Offsets change at their instants, in whatever order they are given`() {
        #expect(Zones.rome.offsetSeconds(at: F.instant("2026-03-29T00:59:59.999Z")) == 3600)
        #expect(Zones.rome.offsetSeconds(at: F.instant("2026-03-29T01:00:00Z")) == 7200)
        #expect(Zones.rome.offsetSeconds(at: F.instant("2026-10-25T01:00:00Z")) == 3600)
        #expect(ZoneOffsets.utc.offsetSeconds(at: .distantPast) == 0)
    }

    @Test func `The local day turns at local midnight`() {
        #expect(Zones.rome.localDay(at: F.instant("2026-06-30T21:59:59Z")) == Zones.day(2026, 6, 30))
        #expect(Zones.rome.localDay(at: F.instant("2026-06-30T22:00:00Z")) == Zones.day(2026, 7, 1))
        #expect(Zones.newfoundland.localDay(at: F.instant("2026-07-01T03:29:59.999Z")) == Zones.day(2026, 6, 30))
        #expect(Zones.newfoundland.localDay(at: F.instant("1969-12-31T12:00:00Z")) == -1)
    }

    @Test(arguments: [false, true])
    func `An ordinary local time is one instant`(preferLater: Bool) {
        let noon = Zones.rome.instant(day: Zones.day(2026, 7, 1), minute: 720, preferLater: preferLater)
        #expect(noon == F.instant("2026-07-01T12:00:00+02:00"))
        let midnight = Zones.sydney.instant(day: Zones.day(2026, 7, 1), minute: 1440, preferLater: preferLater)
        #expect(midnight == F.instant("2026-07-02T00:00:00+10:00"))
    }

    @Test(arguments: [120, 150, 179])
    func `A time in the gap of a northern spring is the instant of the change`(minute: Int) {
        for preferLater in [false, true] {
            let instant = Zones.rome.instant(day: Zones.day(2026, 3, 29), minute: minute, preferLater: preferLater)
            #expect(instant == F.instant("2026-03-29T01:00:00Z"))
        }
    }

    @Test(arguments: [120, 150, 179])
    func `A time in the gap of a southern spring is the instant of the change`(minute: Int) {
        for preferLater in [false, true] {
            let instant = Zones.sydney.instant(day: Zones.day(2026, 10, 4), minute: minute, preferLater: preferLater)
            #expect(instant == F.instant("2026-10-03T16:00:00Z"))
        }
    }

    @Test func `A time in the overlap of a northern autumn is either of two instants`() {
        let day = Zones.day(2026, 10, 25)
        let first = Zones.rome.instant(day: day, minute: 150, preferLater: false)
        let second = Zones.rome.instant(day: day, minute: 150, preferLater: true)
        #expect(first == F.instant("2026-10-25T02:30:00+02:00"))
        #expect(second == F.instant("2026-10-25T02:30:00+01:00"))
    }

    @Test func `A time in the overlap of a southern autumn is either of two instants`() {
        let day = Zones.day(2026, 4, 5)
        let first = Zones.sydney.instant(day: day, minute: 150, preferLater: false)
        let second = Zones.sydney.instant(day: day, minute: 150, preferLater: true)
        #expect(first == F.instant("2026-04-05T02:30:00+11:00"))
        #expect(second == F.instant("2026-04-05T02:30:00+10:00"))
    }

    @Test(arguments: [Zones.rome, Zones.sydney, Zones.newfoundland, .utc])
    func `Local times go round for every quarter of an hour of the year outside gaps`(zone: ZoneOffsets) {
        var wrong = 0
        for quarter in 0..<365 * 96 {
            let instant = F.now.advanced(by: .seconds(quarter * 900))
            let local = instant.millisecondsSinceEpoch + Int64(zone.offsetSeconds(at: instant)) * 1000
            let day = zone.localDay(at: instant)
            let minute = Int((local - Int64(day) * 86_400_000) / 60_000)
            let either = [false, true].map { zone.instant(day: day, minute: minute, preferLater: $0) }
            if !either.contains(instant) || either[0] > either[1] { wrong += 1 }
        }
        #expect(wrong == 0)
    }
}
