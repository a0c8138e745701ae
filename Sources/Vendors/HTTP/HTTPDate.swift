import Planning

/// A date in any of the three forms of HTTP (RFC 9110, section 5.6.7).
enum HTTPDate {
    /// The maximum length of a text, in bytes; the longest of the forms has 33.
    private static let maxLength = 64

    /// Returns the instant of `text`; nil when it is not a date.
    ///
    /// - Parameter now: the reference for years of two digits, which are at most fifty years later.
    static func instant(_ text: String, now: Instant) -> Instant? {
        guard text.utf8.count <= maxLength else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return fixdate(parts) ?? rfc850(parts, now) ?? asctime(parts)
    }

    /// Parses `Sun, 06 Nov 1994 08:49:37 GMT`, the form that senders must use.
    ///
    /// A wrong name of the day is accepted: the date is clear without it.
    private static func fixdate(_ parts: [String]) -> Instant? {
        guard parts.count == 6, parts[0].hasSuffix(","), days.contains(String(parts[0].dropLast())), parts[5] == "GMT",
            let day = number(parts[1], digits: 2), let year = number(parts[3], digits: 4)
        else { return nil }
        return instant(day: day, month: parts[2], year: year, clock: parts[4])
    }

    /// Parses `Sunday, 06-Nov-94 08:49:37 GMT`.
    private static func rfc850(_ parts: [String], _ now: Instant) -> Instant? {
        guard parts.count == 4, longDays.contains(parts[0]), parts[3] == "GMT" else { return nil }
        let date = parts[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard date.count == 3, let day = number(date[0], digits: 2), let short = number(date[2], digits: 2) else {
            return nil
        }
        let current = CivilDate(daysSinceEpoch: Int(now.millisecondsSinceEpoch / 86_400_000)).year
        var year = current - current % 100 + short
        if year > current + 50 { year -= 100 } else if year <= current - 50 { year += 100 }
        return instant(day: day, month: date[1], year: year, clock: parts[2])
    }

    /// Parses `Sun Nov  6 08:49:37 1994`.
    private static func asctime(_ parts: [String]) -> Instant? {
        let isPadded = parts.count == 6 && parts[2].isEmpty
        guard isPadded || parts.count == 5, days.contains(parts[0]) else { return nil }
        let rest = Array(parts.suffix(3))
        guard let day = number(rest[0], digits: isPadded ? 1 : 2), let year = number(rest[2], digits: 4) else {
            return nil
        }
        return instant(day: day, month: parts[1], year: year, clock: rest[1])
    }

    private static func instant(day: Int, month: String, year: Int, clock: String) -> Instant? {
        guard let month = months.firstIndex(of: month), let date = CivilDate(year: year, month: month + 1, day: day)
        else { return nil }
        let fields = clock.split(separator: ":", omittingEmptySubsequences: false).map { number(String($0), digits: 2) }
        guard fields.count == 3, let hour = fields[0], let minute = fields[1], let second = fields[2] else {
            return nil
        }
        // A leap second may be written as 60.
        guard hour < 24, minute < 60, second <= 60 else { return nil }
        let seconds = Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return Instant(millisecondsSinceEpoch: seconds * 1000)
    }

    private static func number(_ text: String, digits: Int) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static let days: Set<String> = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    private static let longDays: Set<String> = [
        "Monday,", "Tuesday,", "Wednesday,", "Thursday,", "Friday,", "Saturday,", "Sunday,",
    ]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
