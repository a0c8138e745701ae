import Planning

/// The `Retry-After` header, in seconds or as a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The longest wait that is kept; the next request learns whether the endpoint still asks for one.
    static let longest = RetrySchedule.longestRetryAfter

    /// The longest header value that is read, in bytes.
    private static let longestText = 64

    /// The wait that `value` asks for at `now`, 0 to ``longest``; nil when it cannot be read.
    ///
    /// - Parameter date: the `Date` header of the same answer. A date is measured from it when it can be read: the clocks of
    ///   two machines differ, and the sender's own is the one that it wrote both by.
    static func delay(_ value: String, date: String? = nil, now: Instant) -> Duration? {
        guard value.utf8.count <= longestText else { return nil }
        let bytes = value.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        if !bytes.isEmpty, bytes.allSatisfy({ (48...57).contains($0) }) {
            // More digits than this are more than that, and might not fit a number.
            guard bytes.count <= 9, let seconds = Int64(String(decoding: bytes, as: UTF8.self)) else { return longest }
            return min(.seconds(seconds), longest)
        }
        guard let instant = HTTPDate.instant(String(decoding: bytes, as: UTF8.self), now: now) else { return nil }
        let sent = date.flatMap { HTTPDate.instant($0, now: now) } ?? now
        return min(max(sent.duration(to: instant), .zero), longest)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}
