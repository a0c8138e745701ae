import Foundation
import Planning

/// The `Retry-After` header in both of its forms (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The longest wait that is honoured: a day. A vendor's mistake must not silence a number for good.
    static let longest: Duration = .seconds(86_400)

    /// The wait that `value` asks for at `now`, 0 to ``longest``; nil when it cannot be read.
    static func delay(_ value: String, now: Instant) -> Duration? {
        let text = value.trimmingCharacters(in: .whitespaces)
        if !text.isEmpty, text.utf8.allSatisfy({ (48...57).contains($0) }) {
            return text.utf8.count > 9 ? longest : min(.seconds(Int64(text) ?? 0), longest)
        }
        guard let date = formatter().date(from: text) else { return nil }
        let instant = Instant(millisecondsSinceEpoch: Int64(date.timeIntervalSince1970 * 1000))
        return min(max(now.duration(to: instant), .zero), longest)
    }

    /// IMF-fixdate, the form that senders must use: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private static func formatter() -> DateFormatter {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return formatter
    }
}
