import Planning

/// Reads the system's description of one time zone, a TZif file of version 2 or later (RFC 9636).
///
/// The file holds the past and future changes of the offset, and ends with a rule for all years after the last change.
/// The first of its two blocks, whose instants have 32 bits, is skipped. Files count as hostile: every count is checked
/// against the bytes left before it is used.
enum TZif {
    /// The maximum size of a file, in bytes; the largest of the database has less than 4 KiB.
    static let maxSize = 64 << 10
    /// The range of returned changes in seconds since 1970: 2020-01-01 to 2100-01-01, fixed so that the result never
    /// depends on the day of the call.
    static let range: Range<Int64> = 1_577_836_800..<4_102_444_800
    /// The years for which the rule is expanded; the first one is over when the range begins.
    private static let years = 2018...2100
    /// The maximum of changes; no zone has that many in the range.
    private static let maxChanges = 1000
    /// The maximum offset in seconds. RFC 9636, section 3.2: offsets are less than 26 hours.
    private static let maxOffset: Int64 = 26 * 3600

    /// Returns the offsets that the bytes of a TZif file describe.
    static func offsets(in bytes: [UInt8]) throws(TZifFault) -> ZoneOffsets {
        var reader = Reader(rest: bytes[...])
        let old = try reader.header()
        guard old.version >= UInt8(ascii: "2") else { throw .firstVersion }
        try reader.skip(old.size(instant: 4))
        let counts = try reader.header()
        guard counts.leapSeconds == 0 else { throw .leapSeconds }
        let table = try changes(&reader, counts)
        let rule = try reader.footer()
        return try expanded(table.first, table.changes, then: rule)
    }

    private typealias Change = (at: Int64, offsetSeconds: Int)

    /// Returns the offset before the first change of the table, and the table.
    private static func changes(
        _ reader: inout Reader, _ counts: Counts
    ) throws(TZifFault) -> (first: Int, changes: [Change]) {
        try reader.require(counts.size(instant: 8))
        var instants: [Int64] = []
        for _ in 0..<counts.changes {
            let instant = try reader.integer(8)
            if let last = instants.last, last >= instant { throw .malformed("its transitions are not in order") }
            instants.append(instant)
        }
        var types: [Int] = []
        for _ in 0..<counts.changes { types.append(Int(try reader.integer(1) & 0xFF)) }
        var offsets: [Int] = []
        for _ in 0..<counts.types {
            let offset = try reader.integer(4)
            guard abs(offset) < maxOffset else { throw .malformed("one of its offsets is more than 26 hours") }
            offsets.append(Int(offset))
            try reader.skip(2)
        }
        try reader.skip(counts.characters + counts.standardMarks + counts.universalMarks)
        guard let first = offsets.first, types.allSatisfy({ $0 < offsets.count }) else {
            throw .malformed("one of its transitions has no offset")
        }
        return (first, zip(instants, types).map { ($0, offsets[$1]) })
    }

    /// Returns the changes in the range, of the table and then of the rule.
    private static func expanded(
        _ first: Int, _ table: [Change], then rule: POSIXZoneRule?
    ) throws(TZifFault) -> ZoneOffsets {
        var all = table
        let last = table.last?.at ?? .min
        if let rule {
            if rule.daylight == nil { all.append((last, rule.standardSeconds)) }
            all += rule.changes(in: years).filter { $0.at > last }
        }
        var begin = first
        var changes: [ZoneOffsets.Change] = []
        for change in all {
            if change.at <= range.lowerBound {
                begin = change.offsetSeconds
            } else if change.at < range.upperBound, change.offsetSeconds != changes.last?.offsetSeconds ?? begin {
                let at = Instant(millisecondsSinceEpoch: change.at * 1000)
                if let last = changes.last, last.at >= at {
                    throw .malformed("the transitions of its rule are not in order")
                }
                changes.append(ZoneOffsets.Change(at: at, offsetSeconds: change.offsetSeconds))
            }
        }
        guard changes.count <= maxChanges else { throw .malformed("it has \(changes.count.counted("transition"))") }
        return ZoneOffsets(firstOffsetSeconds: begin, changes: changes)
    }
}

/// The reason why bytes do not describe a time zone.
enum TZifFault: Error, Hashable, CustomStringConvertible {
    /// The bytes do not begin like a TZif file.
    case otherFormat
    /// The file has the first version of the format, which ends in 2037.
    case firstVersion
    /// Its instants count leap seconds, unlike any other clock here.
    case leapSeconds
    /// The file is shorter than its counts require.
    case truncated
    case malformed(String)

    var description: String {
        switch self {
        case .otherFormat: "it is not a TZif file"
        case .firstVersion: "it has version 1 of the TZif format, which has no rule for future years"
        case .leapSeconds: "it counts leap seconds"
        case .truncated: "it is truncated"
        case .malformed(let problem): problem
        }
    }
}

extension TZif {
    /// The counts in a header, which are the sizes of the following block.
    private struct Counts {
        let version: UInt8
        let universalMarks: Int
        let standardMarks: Int
        let leapSeconds: Int
        let changes: Int
        let types: Int
        let characters: Int

        /// Returns the size of the block in bytes, with instants of this many bytes.
        func size(instant: Int) -> Int {
            changes * (instant + 1) + types * 6 + characters + leapSeconds * (instant + 4) + standardMarks
                + universalMarks
        }
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func header() throws(TZifFault) -> Counts {
            guard rest.starts(with: [0x54, 0x5A, 0x69, 0x66]) else { throw .otherFormat }
            try require(44)
            let version = rest[rest.startIndex + 4]
            try skip(20)
            var counts: [Int] = []
            for _ in 0..<6 { counts.append(Int(try integer(4) & 0xFFFF_FFFF)) }
            return Counts(
                version: version, universalMarks: counts[0], standardMarks: counts[1], leapSeconds: counts[2],
                changes: counts[3], types: counts[4], characters: counts[5])
        }

        /// Reads the rule between the last two newlines; nil when it is empty.
        mutating func footer() throws(TZifFault) -> POSIXZoneRule? {
            guard rest.first == 0x0A, let end = rest.dropFirst().firstIndex(of: 0x0A) else { throw .truncated }
            let text = rest[(rest.startIndex + 1)..<end]
            guard !text.isEmpty else { return nil }
            guard let rule = POSIXZoneRule(text) else { throw .malformed("its rule for future years is invalid") }
            return rule
        }

        func require(_ count: Int) throws(TZifFault) {
            guard count <= rest.count else { throw .truncated }
        }

        mutating func skip(_ count: Int) throws(TZifFault) {
            try require(count)
            rest = rest.dropFirst(count)
        }

        /// Reads a signed number, its most significant byte first.
        mutating func integer(_ size: Int) throws(TZifFault) -> Int64 {
            try require(size)
            let value = rest.prefix(size).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            rest = rest.dropFirst(size)
            let unused = 64 - size * 8
            return Int64(bitPattern: value << unused) >> unused
        }
    }
}
