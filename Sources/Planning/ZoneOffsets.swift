/// A time zone as plain data: its offsets from UTC and the times at which they change. Source: the IANA time zone
/// database, read by the shell.
public struct ZoneOffsets: Hashable, Sendable {
    /// A change of the offset from UTC at an instant.
    public struct Change: Hashable, Sendable {
        public let at: Instant
        /// Seconds to add to UTC to get local time.
        public let offsetSeconds: Int

        public init(at: Instant, offsetSeconds: Int) {
            self.at = at
            self.offsetSeconds = offsetSeconds
        }
    }

    /// Seconds to add to UTC before the first change.
    public let firstOffsetSeconds: Int
    /// The changes, ascending.
    public let changes: [Change]

    public init(firstOffsetSeconds: Int, changes: [Change]) {
        self.firstOffsetSeconds = firstOffsetSeconds
        self.changes = changes.sorted { $0.at < $1.at }
    }

    /// Coordinated universal time.
    public static let utc = ZoneOffsets(firstOffsetSeconds: 0, changes: [])

    /// Returns the seconds to add to UTC at `instant` to get local time.
    public func offsetSeconds(at instant: Instant) -> Int {
        changes.last { $0.at <= instant }?.offsetSeconds ?? firstOffsetSeconds
    }

    /// Returns the local calendar day at `instant`, in days since 1970-01-01.
    public func localDay(at instant: Instant) -> Int {
        let local = instant.millisecondsSinceEpoch + Int64(offsetSeconds(at: instant)) * 1000
        return Int((Double(local) / 86_400_000).rounded(.down))
    }

    /// Returns the instant at which the local clock shows `minute` of local day `day`.
    ///
    /// In an overlap (the clock is set back) `preferLater` picks the second occurrence. In a gap (the clock is set
    /// forward) it is the instant of the change.
    public func instant(day: Int, minute: Int, preferLater: Bool) -> Instant {
        let local = Int64(day) * 86_400_000 + Int64(minute) * 60_000
        let offsets = [firstOffsetSeconds] + changes.map(\.offsetSeconds)
        let candidates = Set(offsets).map { Instant(millisecondsSinceEpoch: local - Int64($0) * 1000) }
        let matching = candidates.filter {
            $0.millisecondsSinceEpoch + Int64(offsetSeconds(at: $0)) * 1000 == local
        }
        if let match = preferLater ? matching.max() : matching.min() { return match }
        // A gap: the change that jumps over this local time is the one between the earliest and latest candidates.
        let earliest = candidates.min() ?? Instant(millisecondsSinceEpoch: local)
        return changes.first { change in
            let before = offsetSeconds(at: change.at.advanced(by: .milliseconds(-1)))
            let shownBefore = change.at.millisecondsSinceEpoch + Int64(before) * 1000
            let shownAfter = change.at.millisecondsSinceEpoch + Int64(change.offsetSeconds) * 1000
            return shownBefore <= local && local < shownAfter
        }?.at ?? earliest
    }
}
