import Planning

/// The rule at the end of a TZif file, for every instant after its last change: a POSIX TZ string such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`, with the hours that RFC 9636 permits beyond POSIX.
struct POSIXZoneRule: Hashable {
    /// Summer time: the two yearly instants at which the clock changes to another offset and back.
    struct Daylight: Hashable {
        let offsetSeconds: Int
        let start: YearlyInstant
        let end: YearlyInstant
    }

    /// A day of each year and a time of its local clock.
    struct YearlyInstant: Hashable {
        enum Day: Hashable {
            /// The day of the year without counting 29 February, from 1.
            case julian(Int)
            /// The day of the year, from 0.
            case ofYear(Int)
            /// A weekday (0 Sunday) of a month; week 5 is the last one.
            case ofMonth(Int, week: Int, weekday: Int)
        }

        let day: Day
        let seconds: Int

        /// Returns the seconds since 1970 on the local clock, in `year`.
        func localSeconds(in year: Int) -> Int64 { Int64(days(in: year)) * 86_400 + Int64(seconds) }

        private func days(in year: Int) -> Int {
            switch day {
            case .julian(let day):
                let isAfterFebruary = day > 59
                return Self.firstDay(1, year) + day - 1
                    + (isAfterFebruary && Self.firstDay(3, year) - Self.firstDay(1, year) == 60 ? 1 : 0)
            case .ofYear(let day): return Self.firstDay(1, year) + day
            case .ofMonth(let month, let week, let weekday):
                let first = Self.firstDay(month, year)
                let next = month == 12 ? Self.firstDay(1, year + 1) : Self.firstDay(month + 1, year)
                // 1970-01-01 was a Thursday.
                let ahead = ((weekday - first - 4) % 7 + 7) % 7
                let day = first + ahead + 7 * (week - 1)
                return day < next ? day : day - 7
            }
        }

        private static func firstDay(_ month: Int, _ year: Int) -> Int {
            guard let date = CivilDate(year: year, month: month, day: 1) else {
                preconditionFailure("a month of a rule, in a year of four digits")
            }
            return date.daysSinceEpoch
        }
    }

    /// Seconds to add to UTC outside summer time.
    let standardSeconds: Int
    let daylight: Daylight?

    /// Reads a TZ string; nil when it is invalid, or has summer time without its dates.
    init?(_ text: ArraySlice<UInt8>) {
        var reader = Reader(text)
        guard reader.name(), let west = reader.offset(maxHours: 24) else { return nil }
        standardSeconds = -west
        guard !reader.isAtEnd else {
            daylight = nil
            return
        }
        guard reader.name() else { return nil }
        var offset = standardSeconds + 3600
        if reader.next != UInt8(ascii: ",") {
            guard let west = reader.offset(maxHours: 24) else { return nil }
            offset = -west
        }
        guard reader.skip(","), let start = reader.yearlyInstant(), reader.skip(","), let end = reader.yearlyInstant(),
            reader.isAtEnd
        else { return nil }
        daylight = Daylight(offsetSeconds: offset, start: start, end: end)
    }

    /// Returns the changes in these years, ascending, each an instant and the offset from then on. Where one summer
    /// time ends at the instant at which the next one starts, only the start is returned.
    func changes(in years: ClosedRange<Int>) -> [(at: Int64, offsetSeconds: Int)] {
        guard let daylight else { return [] }
        var changes: [Int64: Int] = [:]
        for year in years {
            let end = daylight.end.localSeconds(in: year) - Int64(daylight.offsetSeconds)
            if changes[end] == nil { changes[end] = standardSeconds }
            changes[daylight.start.localSeconds(in: year) - Int64(standardSeconds)] = daylight.offsetSeconds
        }
        return changes.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension POSIXZoneRule {
    /// Reads the parts of a TZ string, one after the other.
    private struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ text: ArraySlice<UInt8>) { rest = text }

        var isAtEnd: Bool { rest.isEmpty }
        var next: UInt8? { rest.first }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// Reads an abbreviation: letters, or letters, digits and signs in angle brackets. It is not kept.
        mutating func name() -> Bool {
            if skip("<") {
                let name = rest.prefix { Self.isLetter($0) || Self.isDigit($0) || $0 == 0x2B || $0 == 0x2D }
                rest = rest.dropFirst(name.count)
                return !name.isEmpty && skip(">")
            }
            let name = rest.prefix(while: Self.isLetter)
            rest = rest.dropFirst(name.count)
            return name.count >= 3
        }

        /// Reads `[+-]hh[:mm[:ss]]` as seconds.
        mutating func offset(maxHours: Int) -> Int? {
            var sign = 1
            if skip("-") { sign = -1 } else { _ = skip("+") }
            guard let hours = number(upTo: maxHours) else { return nil }
            var seconds = hours * 3600
            if skip(":") {
                guard let minutes = number(upTo: 59) else { return nil }
                seconds += minutes * 60
                if skip(":") {
                    guard let rest = number(upTo: 59) else { return nil }
                    seconds += rest
                }
            }
            return sign * seconds
        }

        mutating func yearlyInstant() -> YearlyInstant? {
            let day: YearlyInstant.Day
            if skip("M") {
                guard let month = number(upTo: 12), month > 0, skip("."), let week = number(upTo: 5), week > 0,
                    skip("."), let weekday = number(upTo: 6)
                else { return nil }
                day = .ofMonth(month, week: week, weekday: weekday)
            } else if skip("J") {
                guard let number = number(upTo: 365), number > 0 else { return nil }
                day = .julian(number)
            } else {
                guard let number = number(upTo: 365) else { return nil }
                day = .ofYear(number)
            }
            guard skip("/") else { return YearlyInstant(day: day, seconds: 7200) }
            // Up to a week in either direction, so that a rule can express "the day after the last Sunday".
            return offset(maxHours: 167).map { YearlyInstant(day: day, seconds: $0) }
        }

        /// Reads a number of at most three digits.
        private mutating func number(upTo limit: Int) -> Int? {
            let digits = rest.prefix(while: Self.isDigit)
            guard (1...3).contains(digits.count) else { return nil }
            rest = rest.dropFirst(digits.count)
            let value = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            return value <= limit ? value : nil
        }

        private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
        private static func isLetter(_ byte: UInt8) -> Bool {
            (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
    }
}
