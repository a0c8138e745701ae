import Foundation
import SimulatedVendor
import Testing

@Suite("The machine's time zones, the real binary", .inTurn)
struct TimeZoneTests {
    /// Writes a private zone database, in which `Test/Zone` is so many hours east of UTC.
    private func writeZones(_ folder: URL, hoursEast: Int) throws {
        for (name, rule) in [("Etc/UTC", "UTC0"), ("Test/Zone", "<+0\(hoursEast)>-\(hoursEast)")] {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            // Two empty blocks with one type each, and the rule (RFC 9636).
            let offset = name == "Test/Zone" ? Int32(hoursEast * 3600).bigEndian : 0
            var bytes = Data()
            for seconds in [0, offset] {
                bytes += Data("TZif2".utf8) + Data(count: 15 + 4 * 4) + Data([0, 0, 0, 1, 0, 0, 0, 4])
                withUnsafeBytes(of: seconds) { bytes += Data($0) }
                bytes += Data([0, 0]) + Data("XXX\0".utf8)
            }
            try (bytes + Data("\n\(rule)\n".utf8)).write(to: file, options: .atomic)
        }
    }

    /// Returns a window of an hour that opens `hours` after the present hour and minute of UTC.
    private func window(opensAfter hours: Int) -> String {
        let minute = Int(Date().timeIntervalSince1970) / 60 % 1440
        func text(_ minute: Int) -> String {
            [minute / 60 % 24, minute % 60].map { ($0 < 10 ? "0" : "") + String($0) }.joined(separator: ":")
        }
        return "daily \(text(minute + hours * 60))-\(text(minute + hours * 60 + 60)) Test/Zone"
    }

    @Test func `a new zone database moves a window that opens by it, without a restart; doctor names the database`()
        async throws
    {
        let rig = try await Rig(
            Rig.fleet(1), defaults: ["rotate_every: 1s", "rotation_window: \"\(window(opensAfter: 2))\""])
        let zones = rig.folder.appendingPathComponent("zones")
        try writeZones(zones, hoursEast: 0)
        let environment = ["TZDIR": zones.path]
        let daemon = try await rig.startDaemon(environment: environment)
        func generation() async throws -> Int {
            try await rig.query("SELECT max(generation) FROM pins WHERE maybe_live = 1").first.flatMap { Int($0) } ?? 0
        }
        try await rig.wait("the number rests until the window opens") {
            try await rig.query(
                "SELECT count(*) FROM numbers WHERE due_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+30 minutes')") == [
                    "1"
                ]
        }
        #expect(try await generation() == 1)
        let doctor = try await Binary.run(["doctor", "--config", rig.config.path], environment: environment)
        #expect(doctor.output.contains("time zones: of an unknown version, in \(zones.path), at least 0 days old"))

        try writeZones(zones, hoursEast: 2)
        try Data("# version 2031c\n".utf8).write(to: zones.appendingPathComponent("tzdata.zi"))
        let reload = try await Binary.run(["reload", "--config", rig.config.path], environment: environment)
        #expect(reload.code == 0, "\(reload.errors)")
        try await rig.wait("the window is open now") { try await generation() > 1 }
        let line = rig.logText.split(separator: "\n").first { $0.contains("Time zones have changed") } ?? ""
        #expect(line.contains("Test/Zone") && line.contains("2031c"), "\(rig.logText)")

        try FileManager.default.removeItem(at: zones.appendingPathComponent("Test"))
        #expect(try await Binary.run(["reload", "--config", rig.config.path], environment: environment).code == 0)
        #expect(rig.logText.contains("Time zone cannot be read again"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `on a machine without zones a window is an error of the file, and rotations in force wait and say why`()
        async throws
    {
        let rig = try await Rig(
            Rig.fleet(2), defaults: ["rotate_every: 1s", "rotation_window: \"\(window(opensAfter: 2))\""])
        let (zones, none) = (rig.folder.appendingPathComponent("zones"), rig.folder.appendingPathComponent("none"))
        try writeZones(zones, hoursEast: 0)
        #expect(
            try await Binary.run(["apply", "--config", rig.config.path], environment: ["TZDIR": zones.path]).code == 0)
        let requests = rig.vendor.counters.requests
        func run(_ arguments: String...) async throws -> Binary.Result {
            try await Binary.run(arguments + ["--config", rig.config.path], environment: ["TZDIR": none.path])
        }
        let check = try await run("check")
        #expect(check.code == 78)
        #expect(check.errors.contains("this machine has no time zone database: none was found in \(none.path)"))
        #expect(check.errors.contains("install the package tzdata, or write the window in UTC"))
        let doctor = try await run("doctor")
        #expect(doctor.output.contains("time zones: this machine has no time zone database in \(none.path)"))

        let daemon = try await rig.startDaemon(environment: ["TZDIR": none.path])
        try await rig.wait("both numbers wait, and say why") {
            let rows = try await run("status", "--format", "json").json()["numbers"] as? [[String: Any]] ?? []
            return rows.count == 2
                && rows.allSatisfy { $0["reason"] as? String == "zone_unknown" && $0["condition"] as? String == "held" }
        }
        #expect(rig.logText.contains("none was found in \(none.path)"))
        #expect(rig.vendor.counters.requests == requests, "no rotation outside of its window")

        try rig.writeDesiredState(defaults: ["rotate_every: 1s", "rotation_window: \"daily 00:00-24:00 UTC\""])
        try await rig.wait("UTC needs no database") { rig.vendor.counters.requests > requests }
        _ = await rig.stop(daemon)
        try await rig.end()
    }
}
