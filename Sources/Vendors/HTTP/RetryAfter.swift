import Planning

/// The `Retry-After` header, in seconds or as a date (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// The maximum wait; the next request shows whether the endpoint still asks for one.
    static let maxDelay = RetrySchedule.maxRetryAfter

    /// The maximum length of a header value, in bytes.
    private static let maxTextLength = 64

    /// Returns the wait that `value` asks for at `now`, 0 to ``maxDelay``; nil when the value is invalid.
    ///
    /// - Parameter date: the `Date` header of the same answer. When it can be parsed, a date in `value` is measured
    ///   from it: the clocks of two machines differ, and the sender wrote both dates by its own clock.
    static func delay(_ value: String, date: String? = nil, now: Instant) -> Duration? {
        guard value.utf8.count <= maxTextLength else { return nil }
        let bytes = value.utf8.drop(while: isBlank).reversed().drop(while: isBlank).reversed()
        if !bytes.isEmpty, bytes.allSatisfy({ (48...57).contains($0) }) {
            // More digits than this exceed the maximum, and might overflow.
            guard bytes.count <= 9, let seconds = Int64(String(decoding: bytes, as: UTF8.self)) else { return maxDelay }
            return min(.seconds(seconds), maxDelay)
        }
        guard let instant = HTTPDate.instant(String(decoding: bytes, as: UTF8.self), now: now) else { return nil }
        let sent = date.flatMap { HTTPDate.instant($0, now: now) } ?? now
        return min(max(sent.duration(to: instant), .zero), maxDelay)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 }
}
