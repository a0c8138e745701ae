import Planning

/// Time zones of 2026 as data, one north and one south of the equator. Source: IANA time zone database.
enum Zones {
    /// Clocks go forward on 29 March at 02:00 and back on 25 October at 03:00.
    static let rome = ZoneOffsets(
        firstOffsetSeconds: 3600,
        changes: [
            .init(at: Fixture.instant("2026-10-25T01:00:00Z"), offsetSeconds: 3600),
            .init(at: Fixture.instant("2026-03-29T01:00:00Z"), offsetSeconds: 7200),
        ])
    /// Clocks go back on 5 April at 03:00 and forward on 4 October at 02:00.
    static let sydney = ZoneOffsets(
        firstOffsetSeconds: 39_600,
        changes: [
            .init(at: Fixture.instant("2026-04-04T16:00:00Z"), offsetSeconds: 36_000),
            .init(at: Fixture.instant("2026-10-03T16:00:00Z"), offsetSeconds: 39_600),
        ])
    /// Half an hour's offset, west of Greenwich, without changes.
    static let newfoundland = ZoneOffsets(firstOffsetSeconds: -12_600, changes: [])

    /// Returns the days since 1970-01-01 of a date.
    static func day(_ year: Int, _ month: Int, _ day: Int) -> Int {
        guard let date = CivilDate(year: year, month: month, day: day) else { preconditionFailure("no such day") }
        return date.daysSinceEpoch
    }
}

extension RotationWindow {
    /// Returns true when a rotation may start at `now`.
    func isOpen(at now: Instant, in offsets: ZoneOffsets) -> Bool { nextOpen(from: now, in: offsets) == now }
}
