import Foundation
public import Planning
import Synchronization

/// The time zones of this system, as plain data.
public enum SystemTimeZones {
    /// The instants between which changes are looked up: 2020-01-01 to 2100-01-01, fixed so that the answer never
    /// depends on the day it is asked.
    private static let range = (first: 1_577_836_800.0, last: 4_102_444_800.0)
    /// More than any zone changes in the range.
    private static let mostChanges = 1000

    private static let cache = Mutex<[String: ZoneOffsets]>([:])
    private static let known = Set(TimeZone.knownTimeZoneIdentifiers).union(["UTC"])

    /// The names to suggest from: one for each zone of the IANA database, and `UTC`.
    public static var identifiers: [String] { known.sorted() }

    /// The offsets of the IANA time zone `identifier` from 2020 to 2100, or nil when there is no such zone.
    ///
    /// Abbreviations such as `PST` are not taken: they mean several things. Safe to call from any thread.
    public static func offsets(for identifier: String) -> ZoneOffsets? {
        if identifier == "UTC" { return .utc }
        if let offsets = cache.withLock({ $0[identifier] }) { return offsets }
        // The list has one name for each zone, and some of them the former one: names with an area are asked for.
        guard known.contains(identifier) || identifier.contains("/"), let zone = TimeZone(identifier: identifier),
            zone.identifier == identifier
        else { return nil }
        let offsets = read(zone)
        cache.withLock { $0[identifier] = offsets }
        return offsets
    }

    private static func read(_ zone: TimeZone) -> ZoneOffsets {
        let first = Date(timeIntervalSince1970: range.first)
        let firstOffset = zone.secondsFromGMT(for: first)
        var changes: [ZoneOffsets.Change] = []
        var offset = firstOffset
        var date = first
        for _ in 0..<mostChanges {
            guard let next = zone.nextDaylightSavingTimeTransition(after: date), next > date,
                next.timeIntervalSince1970 < range.last
            else { break }
            date = next
            let nextOffset = zone.secondsFromGMT(for: next)
            guard nextOffset != offset else { continue }
            offset = nextOffset
            let at = Instant(millisecondsSinceEpoch: Int64((next.timeIntervalSince1970 * 1000).rounded()))
            changes.append(ZoneOffsets.Change(at: at, offsetSeconds: nextOffset))
        }
        return ZoneOffsets(firstOffsetSeconds: firstOffset, changes: changes)
    }
}
