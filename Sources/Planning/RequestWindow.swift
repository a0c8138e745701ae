/// The requests of the last minute to one endpoint, so that no minute ever exceeds the limit.
public struct RequestWindow: Sendable {
    /// The length of the window that the limit applies to.
    public static let length: Duration = .seconds(60)
    /// The maximum count of requests to remember; a higher limit is not enforced.
    public static let remembered = 100_000

    private var sent: [SteadyInstant] = []
    private var head = 0
    /// The end of a wait that the endpoint asked for.
    private var askedToWaitUntil: SteadyInstant?

    /// Creates a window that contains these requests, such as those of an earlier process.
    public init(sent: [SteadyInstant] = []) {
        self.sent = sent.sorted().suffix(Self.remembered)
    }

    /// Returns the instant from which `needed` more requests are permitted, 1 or more; nil when they are permitted at
    /// `now`.
    ///
    /// The distant future when the limit is too small for so many at once.
    public func blockedUntil(needed: Int = 1, limit: Int?, now: SteadyInstant) -> SteadyInstant? {
        let asked = askedToWaitUntil.flatMap { $0 > now ? $0 : nil }
        guard let limit else { return asked }
        guard needed <= limit else { return .distantFuture }
        // The newest `limit - needed` may stay in the window; the one before them has to have left it.
        let place = sent.count - 1 - (limit - needed)
        guard place >= head else { return asked }
        let free = sent[place].advanced(by: Self.length)
        return [asked, free > now ? free : nil].compactMap(\.self).max()
    }

    /// Counts a request sent at `now`.
    public mutating func count(at now: SteadyInstant) {
        sent.append(now)
        while head < sent.count, sent[head].advanced(by: Self.length) <= now || sent.count - head > Self.remembered {
            head += 1
        }
        if head > 1024, head * 2 > sent.count {
            sent.removeFirst(head)
            head = 0
        }
    }

    /// Permits no request for `delay`, as the endpoint asked.
    public mutating func wait(for delay: Duration, from now: SteadyInstant) {
        let until = now.advanced(by: delay)
        askedToWaitUntil = max(askedToWaitUntil ?? until, until)
    }
}
