/// The requests of the last minute to one endpoint, so that no minute ever holds more than the limit.
public struct RequestWindow: Sendable {
    /// The window that the limit is counted over.
    public static let length: Duration = .seconds(60)
    /// The most requests that are remembered; a limit above it is not kept.
    public static let remembered = 100_000

    private var sent: [SteadyInstant] = []
    private var head = 0
    /// The endpoint asked us to wait until this instant.
    private var askedToWaitUntil: SteadyInstant?

    /// A window in which these requests were sent before, such as by an earlier process.
    public init(sent: [SteadyInstant] = []) {
        self.sent = sent.sorted().suffix(Self.remembered)
    }

    /// The instant from which `needed` more requests are permitted, 1 or more; nil when they are at `now`.
    ///
    /// The distant future when the limit is too small for so many at once.
    public func blockedUntil(needed: Int = 1, limit: Int?, now: SteadyInstant) -> SteadyInstant? {
        let asked = askedToWaitUntil.flatMap { $0 > now ? $0 : nil }
        guard let limit else { return asked }
        guard needed <= limit else { return .distantFuture }
        // So many of the newest may be in the window; the one before them has to have left it.
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

    /// Sends nothing for `delay`, as the endpoint asked.
    public mutating func wait(for delay: Duration, from now: SteadyInstant) {
        let until = now.advanced(by: delay)
        askedToWaitUntil = max(askedToWaitUntil ?? until, until)
    }
}
