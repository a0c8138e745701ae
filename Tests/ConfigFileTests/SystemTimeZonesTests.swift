import ConfigFile
import Foundation
import Planning
import Testing

@Suite struct SystemTimeZonesTests {
    @Test func `a zone with summer time changes twice a year until 2100`() throws {
        let rome = try #require(SystemTimeZones.offsets(for: "Europe/Rome"))
        #expect(rome.firstOffsetSeconds == 3600)
        #expect(rome.changes.count == 160)
        let summer = try #require(Instant("2026-03-29T01:00:00Z"))
        #expect(rome.changes.first { $0.at >= summer } == ZoneOffsets.Change(at: summer, offsetSeconds: 7200))
        #expect(rome.offsetSeconds(at: try #require(Instant("2099-07-01T00:00:00Z"))) == 7200)
    }

    @Test func `a zone without summer time never changes, and UTC is UTC`() {
        #expect(SystemTimeZones.offsets(for: "Asia/Kolkata") == ZoneOffsets(firstOffsetSeconds: 19_800, changes: []))
        #expect(SystemTimeZones.offsets(for: "UTC") == .utc)
    }

    @Test(arguments: ["", "Europe/Rom", "PST", "GMT+3", "utc", "../etc/passwd", "europe/rome", "Europe/Rome "])
    func `a name that is not of the database is no zone`(_ name: String) {
        #expect(SystemTimeZones.offsets(for: name) == nil)
        #expect(!SystemTimeZones.identifiers.contains(name))
    }

    @Test func `every known name has offsets, from many threads at once`() async {
        let names = SystemTimeZones.identifiers.prefix(60)
        let missing = await withTaskGroup(of: String?.self) { group in
            for name in names + names {
                group.addTask { SystemTimeZones.offsets(for: name) == nil ? name : nil }
            }
            return await group.reduce(into: [String]()) { missing, name in if let name { missing.append(name) } }
        }
        #expect(missing == [])
    }
}
