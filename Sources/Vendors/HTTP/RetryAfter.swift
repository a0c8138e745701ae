import Planning

/// The `Retry-After` header in both of its forms (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The longest wait that is kept; the next request learns whether the endpoint still asks for one.
    static let longest = RetrySchedule.longestRetryAfter

    /// The longest header value that is read, in bytes; the longer of the two forms has 29.
    private static let longestText = 64

    /// The wait that `value` asks for at `now`, 0 to ``longest``; nil when it cannot be read.
    static func delay(_ value: String, now: Instant) -> Duration? {
        guard value.utf8.count <= longestText else { return nil }
        let bytes = value.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        if !bytes.isEmpty, bytes.allSatisfy(isDigit) {
            // More digits than this are more than that, and might not fit a number.
            guard bytes.count <= 9, let seconds = Int64(String(decoding: bytes, as: UTF8.self)) else { return longest }
            return min(.seconds(seconds), longest)
        }
        guard let instant = instant(String(decoding: bytes, as: UTF8.self)) else { return nil }
        return min(max(now.duration(to: instant), .zero), longest)
    }

    /// Reads IMF-fixdate, the form that senders must use: `Sun, 06 Nov 1994 08:49:37 GMT`.
    ///
    /// The name of the day is not held against the date: what is asked for is clear without it.
    private static func instant(_ text: String) -> Instant? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 6, days.contains(parts[0]), parts[5] == "GMT" else { return nil }
        guard let day = number(parts[1], digits: 2), let month = months.firstIndex(of: parts[2]),
            let year = number(parts[3], digits: 4),
            let date = CivilDate(year: year, month: month + 1, day: day)
        else { return nil }
        let clock = parts[4].split(separator: ":", omittingEmptySubsequences: false).map {
            number(String($0), digits: 2)
        }
        guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2] else { return nil }
        // A leap second may be written as 60.
        guard hour < 24, minute < 60, second <= 60 else { return nil }
        let seconds = Int64(date.daysSinceEpoch) * 86_400 + Int64(hour * 3600 + minute * 60 + second)
        return Instant(millisecondsSinceEpoch: seconds * 1000)
    }

    private static func number(_ text: String, digits: Int) -> Int? {
        guard text.utf8.count == digits, text.utf8.allSatisfy(isDigit) else { return nil }
        return Int(text)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }

    private static let days: Set<String> = ["Mon,", "Tue,", "Wed,", "Thu,", "Fri,", "Sat,", "Sun,"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
