public import Planning

/// Some of the numbers that are due, the most urgent first.
public struct DuePage: Sendable {
    /// Exposed numbers first, then by due time, then by number.
    public var records: [NumberRecord] = []
    /// Due numbers whose row or PINs cannot be read, and why. They stay due: exclude them from the next page.
    public var failures: [(number: PhoneNumber, error: StorageError)] = []
    /// The earliest due time among all other numbers, the excluded ones apart; not later than now when the page was
    /// cut at its limit, nil when nothing else is ever due.
    public var nextDueAt: Instant?
}
