import Planning
import Testing

struct CivilDateTests {
    @Test(arguments: [
        (1970, 1, 1, 0), (1969, 12, 31, -1), (2000, 2, 29, 11_016), (2000, 3, 1, 11_017), (2026, 1, 1, 20_454),
        (1, 1, 1, -719_162), (9999, 12, 31, 2_932_896), (1900, 3, 1, -25_508),
    ])
    func `Known days`(year: Int, month: Int, day: Int, days: Int) {
        #expect(CivilDate(year: year, month: month, day: day)?.daysSinceEpoch == days)
        let date = CivilDate(daysSinceEpoch: days)
        #expect(date.year == year && date.month == month && date.day == day)
    }

    @Test func `Every day of eight hundred years goes round and follows the one before`() {
        var previous = CivilDate(daysSinceEpoch: -146_098)
        var wrong = 0
        for days in -146_097...146_097 {
            let date = CivilDate(daysSinceEpoch: days)
            let follows =
                (date.day == previous.day + 1 && date.month == previous.month && date.year == previous.year)
                || (date.day == 1 && date.month == previous.month % 12 + 1 && previous.day >= 28)
            if date.daysSinceEpoch != days || !follows { wrong += 1 }
            previous = date
        }
        #expect(wrong == 0)
    }

    @Test(arguments: [
        (2026, 2, 29), (1900, 2, 29), (2026, 4, 31), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32),
        (0, 1, 1), (10_000, 1, 1),
    ])
    func `Days that do not exist are refused`(year: Int, month: Int, day: Int) {
        #expect(CivilDate(year: year, month: month, day: day) == nil)
    }
}
