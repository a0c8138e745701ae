/// How many requests one number may get in any hour: retries, re-applies and rotations together.
///
/// The platform itself blocks a number for 72 hours after 10 registrations or deregistrations, so every number has a
/// budget of ours.
public enum WriteBudget {
    /// The window that a budget is counted over.
    public static let window: Duration = .seconds(3600)
    /// The most writes that are kept in memory for counting.
    public static let remembered = 256

    /// The instant from which one more request is permitted; nil when it is permitted at `now`.
    ///
    /// - Parameters:
    ///   - writes: when requests reached the vendor, ascending.
    ///   - limit: requests in any window of an hour; nil lifts the limit.
    ///   - now: the wall clock.
    public static func blockedUntil(writes: [Instant], limit: Int?, now: Instant) -> Instant? {
        guard let limit, limit > 0 else { return nil }
        let counted = writes.suffix(while: { $0.advanced(by: window) > now })
        guard counted.count >= limit else { return nil }
        return counted[counted.endIndex - limit].advanced(by: window)
    }
}

extension Array {
    /// The longest suffix whose elements all satisfy `condition`.
    func suffix(while condition: (Element) -> Bool) -> ArraySlice<Element> {
        let cut = lastIndex { !condition($0) }
        return self[(cut.map { $0 + 1 } ?? startIndex)...]
    }
}
