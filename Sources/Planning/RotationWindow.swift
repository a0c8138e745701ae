/// The weekly hours in which scheduled rotations may start, such as `Mon-Fri 09:00-17:00 Europe/Rome`.
///
/// A window that ends at or before its start crosses midnight and belongs to the day on which it starts.
public struct RotationWindow: Hashable, Sendable {
    /// Weekdays on which a window starts, 1 Monday to 7 Sunday, ascending, never empty.
    public let weekdays: [Int]
    /// Minutes after local midnight at which it opens, 0 to 1439.
    public let startMinute: Int
    /// Minutes after local midnight at which it closes, 1 to 1440.
    public let endMinute: Int
    /// The IANA time zone, such as `Europe/Rome`.
    public let zone: String

    /// Parses `DAYS HH:MM-HH:MM ZONE`. DAYS is a list of days and ranges (`Mon-Fri`, `Sat,Sun`) or `daily`.
    public init(parsing text: String) throws(RotationWindowError) {
        let parts = text.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        guard parts.count == 3, text.utf8.count <= 128 else { throw .shape }
        weekdays = try Self.readDays(parts[0])
        let times = parts[1].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard times.count == 2, let start = Self.readTime(times[0]), let end = Self.readTime(times[1]) else {
            throw .time(parts[1])
        }
        guard start < 1440, end > 0 || start > 0 else { throw .time(parts[1]) }
        guard start != end else { throw .empty }
        startMinute = start
        endMinute = end == 0 ? 1440 : end
        zone = parts[2]
    }

    /// The window as written in the file.
    public var text: String {
        let days = weekdays.count == 7 ? "daily" : weekdays.map { Self.names[$0 - 1] }.joined(separator: ",")
        return "\(days) \(Self.timeText(startMinute))-\(Self.timeText(endMinute)) \(zone)"
    }

    /// Returns `now` when the window is open, and otherwise the instant of its next opening.
    ///
    /// - Returns: an instant at most 8 days away: each weekday comes once in 7 days, and a gap can shift it by hours.
    public func nextOpen(from now: Instant, in offsets: ZoneOffsets) -> Instant {
        let openings = openings(around: now, in: offsets)
        if openings.contains(where: { $0 <= now && now < $1 }) { return now }
        return openings.map(\.0).filter { $0 > now }.min() ?? now.advanced(by: .seconds(86_400))
    }

    /// Returns all openings from yesterday to nine days ahead, as half-open intervals, without windows that fall into a
    /// gap.
    private func openings(around now: Instant, in offsets: ZoneOffsets) -> [(Instant, Instant)] {
        let today = offsets.localDay(at: now)
        return (today - 1...today + 9).compactMap { day in
            // 1970-01-01 was a Thursday, weekday 4.
            let weekday = ((day + 3) % 7 + 7) % 7 + 1
            guard weekdays.contains(weekday) else { return nil }
            let crosses = endMinute <= startMinute
            let start = offsets.instant(day: day, minute: startMinute, preferLater: false)
            let end = offsets.instant(day: crosses ? day + 1 : day, minute: endMinute, preferLater: true)
            return start < end ? (start, end) : nil
        }
    }

    private static let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

    private static func readDays(_ text: String) throws(RotationWindowError) -> [Int] {
        if text.lowercased() == "daily" { return Array(1...7) }
        var days: Set<Int> = []
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
            guard (1...2).contains(ends.count), let first = day(ends[0]), let last = day(ends[ends.count - 1]) else {
                throw .day(String(item))
            }
            var current = first
            days.insert(current)
            while current != last {
                current = current % 7 + 1
                days.insert(current)
            }
        }
        return days.sorted()
    }

    private static func day(_ name: String) -> Int? {
        names.firstIndex { $0.lowercased() == name.lowercased() }.map { $0 + 1 }
    }

    private static func readTime(_ text: String) -> Int? {
        var reader = DigitReader(text)
        guard let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2), reader.isAtEnd,
            minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else { return nil }
        return hour * 60 + minute
    }

    private static func timeText(_ minute: Int) -> String {
        let (hour, rest) = (minute / 60, minute % 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (rest < 10 ? "0" : "") + "\(rest)"
    }
}

/// The errors in the text of a rotation window.
public enum RotationWindowError: Error, Hashable, CustomStringConvertible {
    /// Not three parts separated by spaces.
    case shape
    /// A part that is not a weekday or a range of weekdays.
    case day(String)
    /// A part that is not two times of day.
    case time(String)
    /// The window opens and closes at the same minute.
    case empty

    public var description: String {
        switch self {
        case .shape: "a rotation window is written as \"Mon-Fri 09:00-17:00 Europe/Rome\": days, hours, time zone"
        case .day(let text):
            "'\(text)' is not a weekday: write Mon, Tue, Wed, Thu, Fri, Sat, Sun, a range such as Mon-Fri, or daily"
        case .time(let text): "'\(text)' is not a span of hours: write 09:00-17:00"
        case .empty: "the window opens and closes at the same minute: it would never be open"
        }
    }
}
