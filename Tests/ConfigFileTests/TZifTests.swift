import Dice
import Foundation
import Planning
import Testing

@testable import ConfigFile

/// TZif files for tests.
enum TZifBytes {
    /// Returns a file with these changes, and this rule after them.
    static func zone(
        _ rule: String, version: UInt8 = 0x32, offsets: [Int32] = [0], changes: [(at: Int64, type: UInt8)] = [],
        leapSeconds: Int = 0
    ) -> [UInt8] {
        let first = header(version, counts: [0, 0, 0, 0, 1, 1]) + big(Int32(0)) + [0, 0] + [0]
        var second = header(
            version, counts: [0, 0, UInt32(leapSeconds), UInt32(changes.count), UInt32(offsets.count), 4])
        for change in changes { second += big(change.at) }
        second += changes.map(\.type)
        for offset in offsets { second += big(offset) + [0, 0] }
        second += [0x4C, 0x4D, 0x54, 0] + [UInt8](repeating: 0, count: leapSeconds * 12)
        return first + second + [0x0A] + Array(rule.utf8) + [0x0A]
    }

    static func header(_ version: UInt8, counts: [UInt32]) -> [UInt8] {
        Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15) + counts.flatMap(big)
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}

@Suite struct TZifTests {
    private func offsets(_ rule: String, _ table: [(at: Int64, type: UInt8)] = [], _ types: [Int32] = [0]) throws
        -> ZoneOffsets
    {
        try TZif.offsets(in: TZifBytes.zone(rule, offsets: types, changes: table))
    }

    private func at(_ text: String) throws -> Int64 { try #require(Instant(text)).millisecondsSinceEpoch / 1000 }

    // MARK: Tables and rules

    @Test func `the table counts up to its last change, and the rule from there on`() throws {
        let last = try at("2030-06-01T00:00:00Z")
        let zone = try offsets(
            "XXX-1YYY,M3.5.0,M10.5.0/3", [(try at("2021-01-01T00:00:00Z"), 1), (last, 2)], [0, 3600, 7200])
        #expect(zone.firstOffsetSeconds == 0)
        #expect(zone.changes.prefix(3).map(\.offsetSeconds) == [3600, 7200, 3600])
        #expect(zone.changes[2].at == Instant("2030-10-27T01:00:00Z"))
        #expect(zone.changes[3].at == Instant("2031-03-30T01:00:00Z"))
        #expect(zone.changes.last?.at == Instant("2099-10-25T01:00:00Z"))
    }

    @Test func `a table that ends before the range leaves all of it to the rule`() throws {
        let zone = try offsets("XXX-1YYY,M3.5.0,M10.5.0/3", [(try at("1990-01-01T00:00:00Z"), 0)])
        #expect(zone.firstOffsetSeconds == 3600)
        #expect(zone.changes.count == 160)
        #expect(try offsets("", [(try at("1990-01-01T00:00:00Z"), 1)], [0, 1800]).firstOffsetSeconds == 1800)
    }

    @Test(arguments: [
        // Summer time all year; the southern summer; Ireland's negative one; Greenland before 2024; Egypt's 24 h.
        (
            "EST5EDT,0/0,J365/25", ["2026-01-01T04:59:59Z", "2026-01-01T05:00:00Z", "2026-07-01T00:00:00Z"],
            [-4, -4, -4]
        ),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", ["2026-01-10T00:00:00Z", "2026-07-01T00:00:00Z"], [11, 10]),
        ("IST-1GMT0,M10.5.0,M3.5.0/1", ["2026-01-10T00:00:00Z", "2026-07-01T00:00:00Z"], [0, 1]),
        ("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", ["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"], [-2, -1]),
        (
            "EET-2EEST,M4.5.5/0,M10.5.4/24", ["2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z", "2026-10-29T21:00:00Z"],
            [2, 3, 2]
        ),
        // The Julian day 60 is 1 March in every year; day 59, counted from 0, is 29 February in a leap year.
        ("AAA0BBB,J60/0,J61/0", ["2028-02-29T12:00:00Z", "2028-03-01T12:00:00Z", "2027-03-01T12:00:00Z"], [0, 1, 1]),
        ("AAA0BBB,59/0,60/0", ["2028-02-29T12:00:00Z", "2028-03-01T12:00:00Z", "2027-03-01T12:00:00Z"], [1, 0, 1]),
        // Hours beyond a day, in both directions.
        ("AAA0BBB,M3.4.4/50,M10.4.4/-50", ["2026-03-28T01:59:59Z", "2026-03-28T02:00:00Z"], [0, 1]),
    ])
    func `a rule says when the clock changes`(_ rule: String, _ instants: [String], _ hours: [Int]) throws {
        let zone = try offsets(rule)
        #expect(try instants.map { zone.offsetSeconds(at: try #require(Instant($0))) / 3600 } == hours)
    }

    @Test(arguments: [
        "X", "XX1", "XXX", "XXX25", "XXX1YYY", "XXX1YYY,", "XXX1YYY,M3.5.0", "XXX1YYY,M3.5.0,",
        "XXX1YYY,M13.1.0,M10.1.0",
        "XXX1YYY,M0.1.0,M10.1.0", "XXX1YYY,M3.6.0,M10.1.0", "XXX1YYY,M3.1.7,M10.1.0", "XXX1YYY,J0,J1",
        "XXX1YYY,J366,J1",
        "XXX1YYY,366,1", "XXX1YYY,M3.1.0/168,M10.1.0", "XXX1:60", "<XXX1", "<>1", "XXX1 ", "XXX1YYY,M3.1.0,M10.1.0,",
        "XXX99999999999999999999", "XXX1YYY,M3.1.0/9999,M10.1.0", "\u{F6}\u{F6}\u{F6}1",
    ])
    func `what is no rule is refused`(_ rule: String) {
        #expect(throws: TZifFault.malformed("its rule for future years is invalid")) { try offsets(rule) }
    }

    // MARK: Hostile files

    @Test func `files of another format, of the first version and with leap seconds are refused`() throws {
        #expect(throws: TZifFault.otherFormat) { try TZif.offsets(in: []) }
        #expect(throws: TZifFault.otherFormat) { try TZif.offsets(in: Array("# version 2026f".utf8)) }
        #expect(throws: TZifFault.firstVersion) { try TZif.offsets(in: TZifBytes.zone("UTC0", version: 0)) }
        #expect(throws: TZifFault.leapSeconds) { try TZif.offsets(in: TZifBytes.zone("UTC0", leapSeconds: 1)) }
        #expect(throws: TZifFault.malformed("its transitions are not in order")) {
            try offsets("UTC0", [(5, 0), (5, 0)])
        }
        #expect(throws: TZifFault.malformed("one of its transitions has no offset")) { try offsets("UTC0", [(5, 1)]) }
        #expect(throws: TZifFault.malformed("one of its transitions has no offset")) { try offsets("UTC0", [], []) }
        #expect(throws: TZifFault.malformed("one of its offsets is more than 26 hours")) {
            try offsets("UTC0", [], [.min])
        }
        // Counts that exceed the bytes that follow, up to the largest ones.
        for count in [UInt32(1), 1000, .max] {
            for place in 0..<6 {
                var counts: [UInt32] = [0, 0, 0, 0, 1, 1]
                counts[place] = count == 1 ? counts[place] + 1000 : count
                let bytes = TZifBytes.header(0x32, counts: counts) + [UInt8](repeating: 0, count: 100)
                #expect(throws: TZifFault.self) { try TZif.offsets(in: bytes) }
            }
        }
    }

    @Test func `a file that is cut anywhere is refused`() throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: SystemTimeZones.shared.folder + "/Europe/Rome"))
        _ = try TZif.offsets(in: Array(whole))
        for length in 0..<whole.count {
            #expect(throws: TZifFault.self, "\(length)") { try TZif.offsets(in: Array(whole.prefix(length))) }
        }
    }

    @Test func `whatever bytes are changed, the answer is bounded and in order, or a refusal`() throws {
        var dice = SplitMix64(seed: 11)
        let files = try ["Europe/Rome", "Africa/Casablanca", "Asia/Kolkata"].map {
            Array(try Data(contentsOf: URL(fileURLWithPath: SystemTimeZones.shared.folder + "/\($0)")))
        }
        var refused = 0
        for round in 0..<3000 {
            var bytes = files[round % files.count]
            for _ in 0...Int.random(in: 0..<4, using: &dice) {
                bytes[Int.random(in: 0..<bytes.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
            }
            do throws(TZifFault) {
                let zone = try TZif.offsets(in: bytes)
                #expect(zone.changes.count <= 1000)
                #expect(zip(zone.changes, zone.changes.dropFirst()).allSatisfy { $0.at < $1.at })
                #expect(zone.changes.allSatisfy { abs($0.offsetSeconds) < 26 * 3600 })
            } catch {
                refused += 1
                #expect(!error.description.isEmpty)
            }
        }
        #expect(refused > 300 && refused < 2700)
    }
}
