/// The requests of the last minute to one endpoint, so that no minute ever holds more than the limit.
public struct RequestWindow: Sendable {
    /// The window that the limit is counted over.
    public static let length: Duration = .seconds(60)

    private var sent: [Instant] = []
    private var head = 0
    /// The endpoint asked us to wait until this instant.
    private var askedToWaitUntil: Instant?

    public init() {}

    /// The instant from which one more request is permitted; nil when it is permitted at `now`.
    public func blockedUntil(limit: Int?, now: Instant) -> Instant? {
        let asked = askedToWaitUntil.flatMap { $0 > now ? $0 : nil }
        guard let limit, limit > 0, sent.count - head >= limit else { return asked }
        let free = sent[sent.count - limit].advanced(by: Self.length)
        return [asked, free > now ? free : nil].compactMap { $0 }.max()
    }

    /// Counts a request sent at `now`.
    ///
    /// A clock that was set back would make old entries block for longer than the window; they are moved to `now`.
    public mutating func count(at now: Instant, limit: Int?) {
        guard let limit, limit > 0 else { return }
        for index in (head..<sent.count).reversed() {
            guard sent[index] > now else { break }
            sent[index] = now
        }
        sent.append(now)
        while head < sent.count, sent[head].advanced(by: Self.length) <= now || sent.count - head > limit {
            head += 1
        }
        if head > 1024, head * 2 > sent.count {
            sent.removeFirst(head)
            head = 0
        }
    }

    /// Takes the endpoint's word that nothing should be sent for `delay`.
    public mutating func wait(for delay: Duration, from now: Instant) {
        let until = now.advanced(by: delay)
        askedToWaitUntil = max(askedToWaitUntil ?? until, until)
    }
}
