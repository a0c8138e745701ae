import Dice
import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct SystemTimeZonesTests {
    private let zones = SystemTimeZones.shared

    @Test func `a zone with summer time changes twice a year until 2100`() throws {
        let rome = try zones.offsets(of: "Europe/Rome")
        #expect(rome.firstOffsetSeconds == 3600)
        #expect(rome.changes.count == 160)
        let summer = try #require(Instant("2026-03-29T01:00:00Z"))
        #expect(rome.changes.first { $0.at >= summer } == ZoneOffsets.Change(at: summer, offsetSeconds: 7200))
        #expect(rome.offsetSeconds(at: try #require(Instant("2099-07-01T00:00:00Z"))) == 7200)
    }

    @Test func `a zone without summer time never changes, and UTC is UTC`() throws {
        #expect(
            try zones.offsets(of: "Asia/Kolkata") == ZoneOffsets(firstOffsetSeconds: 19_800, changes: []))
        #expect(try zones.offsets(of: "UTC") == .utc)
        #expect(try SystemTimeZones(folder: "/nowhere").offsets(of: "UTC") == .utc, "also without a database")
    }

    @Test(arguments: [
        "", "Europe/Rom", "PST", "EST", "GMT+3", "utc", "../etc/passwd", "Europe/../../../../etc/passwd", "europe/rome",
        "Europe/Rome ", "/Europe/Rome", "Europe//Rome", "Europe/", "America/Indiana", "posix/Europe/Rome",
        "right/Europe/Rome", "Europe/Rome\0", "Europe/.Rome", "Europe/R\u{F6}m", "a/b/c/d",
        "Area/" + String(repeating: "x", count: 80),
    ])
    func `a name that is not of the database is no zone`(_ name: String) {
        #expect(throws: TimeZoneFault.unknown(name: name, folder: zones.folder)) { try zones.offsets(of: name) }
        #expect(!zones.suggestions.contains(name))
    }

    @Test func `every suggested name has offsets, from many threads at once`() async {
        let (zones, names) = (zones, zones.suggestions)
        #expect(names.count > 300)
        let missing = await withTaskGroup(of: String?.self) { group in
            for name in names.prefix(60) + names {
                group.addTask { (try? zones.offsets(of: name)) == nil ? name : nil }
            }
            return await group.reduce(into: [String]()) { missing, name in if let name { missing.append(name) } }
        }
        #expect(missing == [])
    }

    // MARK: The machine's own reader

    /// Returns the names of all zones below the folder.
    private func allNames() throws -> [String] {
        let root = zones.folder
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { name in
            name.contains("/") && !name.hasPrefix("posix/") && !name.hasPrefix("right/")
                && FileManager.default.contents(atPath: "\(root)/\(name)")?.starts(with: Data("TZif".utf8)) == true
        }.sorted()
    }

    /// Returns the changes of each zone from 2020 to 2061 as `zdump` prints them: the offset just before each and from
    /// each.
    private func dumped(_ names: [String]) throws -> [String: [(at: Int64, offset: Int)]] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["zdump", "-v", "-c", "2020,2061"] + names
        process.environment = ["PATH": "/usr/bin:/bin:/usr/sbin", "LC_ALL": "C"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let text = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        let months = [
            "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10,
            "Nov": 11, "Dec": 12,
        ]
        var changes: [String: [(Int64, Int)]] = [:]
        // Europe/Rome  Sun Mar 29 00:59:59 2026 UT = Sun Mar 29 01:59:59 2026 CET isdst=0 gmtoff=3600
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 6,
                let offset = words.last.flatMap({ $0.split(separator: "=").last }).flatMap({ Int($0) }),
                let month = months[String(words[2])], let day = Int(words[3]), let year = Int(words[5]),
                let date = CivilDate(year: year, month: month, day: day)
            else { continue }
            let time = words[4].split(separator: ":").compactMap { Int64($0) }
            guard time.count == 3, (2020...2061).contains(year) else { continue }
            let at = Int64(date.daysSinceEpoch) * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]
            changes[String(words[0]), default: []].append((at, offset))
        }
        return changes
    }

    @Test func `every zone of this machine has the offsets that zdump prints, from 2020 to 2060`() throws {
        let names = try allNames()
        #expect(names.count > 300)
        let dumped = try dumped(names)
        var compared = 0
        for name in names {
            let offsets = try zones.offsets(of: name)
            for (at, offset) in dumped[name] ?? [] {
                let instant = Instant(millisecondsSinceEpoch: at * 1000)
                #expect(offsets.offsetSeconds(at: instant) == offset, "\(name) at \(instant)")
                compared += 1
            }
            // No surplus changes: `zdump` prints each change as well, with the second before it.
            let known = Set((dumped[name] ?? []).map(\.at))
            for change in offsets.changes where change.at < Instant(millisecondsSinceEpoch: 2_871_763_200_000) {
                #expect(known.contains(change.at.millisecondsSinceEpoch / 1000), "\(name) at \(change.at)")
            }
        }
        #expect(compared > 10_000)
    }

    // MARK: A database of its own

    @Test func `a machine without a database has UTC alone, and says what to install`() throws {
        let zones = SystemTimeZones(folder: try TemporaryFolder().path)
        #expect(zones.database == nil && zones.suggestions == ["UTC"])
        let fault = TimeZoneFault.noDatabase(folder: zones.folder)
        #expect(throws: fault) { try zones.offsets(of: "Europe/Rome") }
        #expect(fault.description.contains(zones.folder) && fault.hint.contains("tzdata"))
    }

    @Test func `new files count from the next refresh on, and one that is damaged changes nothing`() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ bytes: [UInt8]) throws {
            let path = folder.path + "/" + name
            try FileManager.default.createDirectory(
                atPath: path.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 },
                withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
        }
        let zones = SystemTimeZones(folder: folder.path)
        try write("Etc/UTC", TZifBytes.zone("UTC0"))
        try write("Test/Zone", TZifBytes.zone("A".repeated(3) + "-1"))
        #expect(zones.database == TimeZoneDatabase(folder: folder.path, version: nil, date: zones.database?.date))
        try write("tzdata.zi", Array("# version 2031c\n# more\n".utf8))
        #expect(zones.database?.version == "2031c")
        #expect(try zones.offsets(of: "Test/Zone").firstOffsetSeconds == 3600)
        #expect(zones.refresh() == SystemTimeZones.Refresh())
        try write("Test/Zone", TZifBytes.zone("AAA-2"))
        #expect(try zones.offsets(of: "Test/Zone").firstOffsetSeconds == 3600, "the same answer until a refresh")
        #expect(zones.refresh() == SystemTimeZones.Refresh(changed: ["Test/Zone"]))
        #expect(try zones.offsets(of: "Test/Zone").firstOffsetSeconds == 7200)
        try write("Test/Zone", TZifBytes.zone("AAA-2", version: 0x33))
        #expect(zones.refresh() == SystemTimeZones.Refresh(), "another file with the same rules is no change")
        try write("Test/Zone", Array("nothing".utf8))
        let found = zones.refresh()
        #expect(found.changed == [] && found.faults.count == 1)
        #expect(found.faults.first?.description.contains("Test/Zone cannot be used: it is not a TZif file") == true)
        #expect(try zones.offsets(of: "Test/Zone").firstOffsetSeconds == 7200)
        try FileManager.default.removeItem(atPath: folder.path + "/Test/Zone")
        #expect(zones.refresh().faults == [.unknown(name: "Test/Zone", folder: folder.path)])
        try write("Test/Zone", TZifBytes.zone("AAA-3"))
        #expect(zones.refresh() == SystemTimeZones.Refresh(changed: ["Test/Zone"]))
    }

    @Test(arguments: [
        ("# version 2026f\n# ddeps", "2026f"), ("# version 2026f", "2026f"), ("2024b\n", "2024b"),
        ("# version 2025b-dirty\n", "2025b"), ("# version 2019aa\n", "2019aa"), ("# version x\n", nil), ("", nil),
        ("# version 20261f\n", nil), ("R 2026f\n", nil),
    ])
    func `the version is what the first line of the database says`(_ text: String, _ version: String?) {
        #expect(TimeZoneDatabase.version(in: text) == version)
    }

    @Test func `a database is at least as old as its files, and as the end of its version's year`() throws {
        let now = try #require(Instant("2026-11-29T00:00:00Z"))
        func age(_ version: String?, _ date: String?) -> Int? {
            TimeZoneDatabase(folder: "/", version: version, date: date.flatMap { Instant($0) }).minimumAge(at: now)
        }
        #expect(age("2025b", "2025-08-24T00:00:00Z") == 462)
        #expect(age("2025b", "2026-11-20T00:00:00Z") == 332)
        #expect(age("2026f", nil) == 0)
        #expect(age("2026f", "2026-11-20T00:00:00Z") == 9)
        #expect(age(nil, nil) == nil)
        #expect(age("2027a", "2027-08-24T00:00:00Z") == 0)
    }
}

extension String {
    fileprivate func repeated(_ count: Int) -> String { String(repeating: self, count: count) }
}
