/// The maximum requests to one number in any hour: retries, re-applies and rotations together.
///
/// The platform itself blocks a number for 72 hours after 10 registrations or deregistrations, so every number has a
/// budget of ours.
public enum WriteBudget {
    /// The window that a budget applies to.
    public static let window: Duration = .seconds(3600)
    /// The maximum count of writes kept in memory for counting.
    public static let remembered = 256

    /// Returns the instant from which one more request is permitted; nil when it is permitted at `now`.
    ///
    /// Stamps that are ahead of the clock, which has been corrected since, count as made now when they are ahead by
    /// less than ``ClockGuard/tolerance``, and not at all when they are ahead by more.
    ///
    /// - Parameters:
    ///   - writes: the times of requests that reached the vendor, ascending.
    ///   - limit: the maximum requests in any window of an hour; nil lifts the limit.
    ///   - isPaced: true to spread requests beyond a quarter of the limit over the hour, so that a number that is
    ///     retried all the time is never without a request for long.
    ///   - now: the wall clock.
    public static func blockedUntil(writes: [Instant], limit: Int?, isPaced: Bool = false, now: Instant) -> Instant? {
        guard let limit, limit > 0 else { return nil }
        let counted = counted(writes, now: now)
        if counted.count >= limit { return counted[counted.endIndex - limit].advanced(by: window) }
        let burst = limit / 4
        guard isPaced, burst > 0, counted.count >= burst, let last = counted.last else { return nil }
        let next = last.advanced(by: .milliseconds(window.milliseconds / Int64(limit - burst)))
        return next > now ? next : nil
    }

    /// Returns the instant from which a cycle may start, because the enable that follows its disable must not have to
    /// wait; nil for now.
    ///
    /// - Parameters:
    ///   - writes: as those of ``blockedUntil(writes:limit:isPaced:now:)``.
    ///   - limit: the maximum requests in any window of an hour while the number is exposed; nil lifts the limit.
    ///   - now: the wall clock.
    public static func cycleBlockedUntil(writes: [Instant], limit: Int?, now: Instant) -> Instant? {
        guard let limit, limit > 1 else { return nil }
        // The count of requests that are sent without being spread over the hour; a limit below 8 is too small for
        // spreading.
        let burst = limit / 4 > 1 ? limit / 4 : limit
        let counted = counted(writes, now: now)
        guard counted.count + 1 >= burst else { return nil }
        return counted[counted.endIndex - (burst - 1)].advanced(by: window)
    }

    /// Returns the writes of the last hour. A stamp that is ahead of the clock counts as made now, within the
    /// tolerance.
    private static func counted(_ writes: [Instant], now: Instant) -> ArraySlice<Instant> {
        let latest = now.advanced(by: ClockGuard.tolerance)
        let known = writes.last.map { $0 > now } ?? false ? writes.filter { $0 <= latest }.map { min($0, now) } : writes
        return known.suffix(while: { $0.advanced(by: window) > now })
    }
}

extension Array {
    /// Returns the longest suffix whose elements all satisfy `condition`.
    func suffix(while condition: (Element) -> Bool) -> ArraySlice<Element> {
        let cut = lastIndex { !condition($0) }
        return self[(cut.map { $0 + 1 } ?? startIndex)...]
    }
}
