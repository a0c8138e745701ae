import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("doctor, the real binary", .inTurn)
struct DoctorTests {
    /// Returns every finding under its path of names, such as `store/integrity`; of duplicate names the worst level
    /// counts.
    private func levels(
        _ rig: Rig, environment: [String: String] = [:]
    ) async throws -> (code: Int32, level: String, findings: [String: String]) {
        let result = try await Binary.run(
            ["doctor", "--format", "json", "--config", rig.config.path], environment: environment)
        let document = try result.json()
        #expect(document["version"] as? Int == 1)
        var findings: [String: String] = [:]
        func walk(_ checks: [[String: Any]], _ path: String) throws {
            for check in checks {
                #expect(Set(check.keys) == ["name", "level", "detail", "advice", "parts"])
                let level = try #require(check["level"] as? String)
                let name = path + (try #require(check["name"] as? String))
                let parts = try #require(check["parts"] as? [[String: Any]])
                if level != "ok", parts.isEmpty { #expect(check["advice"] is String, "\(name) says what to do") }
                findings[name] = max(findings[name] ?? level, level, by: Self.isBetter)
                try walk(parts, name + "/")
            }
        }
        try walk(try #require(document["checks"] as? [[String: Any]]), "")
        return (result.code, try #require(document["level"] as? String), findings)
    }

    private static func isBetter(_ left: String, _ right: String) -> Bool {
        let order = ["ok", "warning", "failure"]
        return (order.firstIndex(of: left) ?? 0) < (order.firstIndex(of: right) ?? 0)
    }

    private func max(_ first: String, _ second: String, by isBetter: (String, String) -> Bool) -> String {
        isBetter(first, second) ? second : first
    }

    @Test func `a working installation has no failure, and nothing is sent or written`() async throws {
        let rig = try await Rig(Rig.fleet(3))
        #expect(try await rig.run("apply").code == 0)
        let requests = rig.vendor.requests.count
        let store = try Data(contentsOf: rig.store)
        let (code, level, findings) = try await levels(rig)
        #expect(code == 0 && level != "failure", "\(findings.filter { $0.value == "failure" })")
        for name in [
            "configuration/settings", "configuration/desired state", "configuration/secrets",
            "state directory/directory", "state directory/files", "sealing key/key", "store/version", "store/integrity",
            "store/PINs", "store/history", "store/desired state in force", "store/vendors",
            "store/observations", "store/room", "store/write-ahead log",
            "time/clock and store",
            "endpoints/\(rig.vendor.url)", "limits/open files", "limits/memory",
        ] {
            #expect(findings[name] == "ok", "\(name)")
        }
        #expect(findings["sealing key/place"] == "warning", "the key lies beside the store")
        #expect(findings["service/daemon"] == "warning", "none runs")
        #expect(findings["disk/space"] != nil && findings["time/clock"] != nil)
        #expect(rig.vendor.requests.count == requests)
        #expect(try Data(contentsOf: rig.store) == store)
        let text = try await rig.run("doctor")
        #expect(text.code == 0 && text.output.contains(#/\[ok\] +key: key [0-9a-f]{16}/#))
        #expect(text.output.contains("          -> "), "advice stands below what it is about")
        try await rig.end()
    }

    @Test func `a key elsewhere and a running daemon are seen, and check warns of a key beside the store`() async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let check = try await rig.run("check", "--format", "json")
        let problems = try check.json()["problems"] as? [[String: Any]] ?? []
        #expect(check.code == 0 && problems.count == 1)
        #expect((problems.first?["message"] as? String)?.contains("is next to the store") == true)
        let key = rig.folder.appendingPathComponent("elsewhere.key")
        try FileManager.default.moveItem(
            at: rig.folder.appendingPathComponent("state/twostepd.key"), to: key)
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings + "sealing_key: \(key.path)\n", to: rig.config)
        #expect(try await rig.run("check", "--format", "json").json()["problems"] as? [String] == [])
        let daemon = try await rig.startDaemon()
        let findings = try await levels(rig).findings
        #expect(findings["sealing key/place"] == "ok")
        #expect(findings["service/daemon"] == "ok" && findings["service/control socket"] == "ok")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `what is broken fails, with exit 1: secrets, permissions, endpoint, key, history`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        let good = try String(contentsOf: secrets, encoding: .utf8)
        func failures() async throws -> Set<String> {
            let (code, level, findings) = try await levels(rig)
            #expect(code == 1 && level == "failure")
            return Set(findings.filter { $0.value == "failure" && $0.key.contains("/") }.keys)
        }
        try rig.write(good.replacing("  n2: ", with: "  other: "), to: secrets)
        #expect(try await failures() == ["configuration/desired state"])
        try rig.write(good, to: secrets)
        chmod(secrets.path, 0o640)
        #expect(try await failures().contains("configuration/secrets"))
        chmod(secrets.path, 0o600)

        let key = rig.folder.appendingPathComponent("state/twostepd.key")
        let rightKey = try String(contentsOf: key, encoding: .utf8)
        try rig.write(String(repeating: "4f", count: 31) + "a1\n", to: key)
        #expect(try await failures() == ["sealing key/key", "store/PINs"])
        try FileManager.default.removeItem(at: key)
        #expect(try await failures() == ["sealing key/key", "store/PINs"])
        try rig.write(rightKey, to: key)
        chmod(key.path, 0o644)
        #expect(try await failures().isSuperset(of: ["state directory/files", "sealing key/key"]))
        chmod(key.path, 0o600)
        // Only root can change the owner of files, and root leaves files behind that the daemon cannot open.
        if geteuid() == 0 {
            let fence = rig.folder.appendingPathComponent("state/twostepd.fence").path
            chown(fence, 65_534, 65_534)
            #expect(try await failures().contains("state directory/files"))
            chown(fence, 0, 0)
        }

        try await rig.vendor.stop()
        #expect(try await failures() == ["endpoints/\(rig.vendor.url)"])
        _ = try await Shell.run(
            "sqlite3", [rig.store.path, "DROP TRIGGER changes_are_never_deleted; DELETE FROM changes WHERE id = 1"])
        #expect(try await failures().contains("store/history"))
        try FileManager.default.removeItem(at: rig.folder)
    }

    @Test
    func `what is about to stop the service is warned of: its credentials, the store's log, an older copy (20.17)`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        #expect(try await levels(rig).findings["configuration/credentials"] == nil, "it has none")
        let credentials = rig.folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(at: credentials, withIntermediateDirectories: true)
        func level(kibibytes: Int) async throws -> String? {
            try rig.write(
                String(repeating: "x", count: kibibytes << 10), to: credentials.appendingPathComponent("much"))
            let environment = ["CREDENTIALS_DIRECTORY": credentials.path]
            return try await levels(rig, environment: environment).findings["configuration/credentials"]
        }
        #expect(try await level(kibibytes: 900) == "ok")
        #expect(try await level(kibibytes: 1000) == "warning")
        #expect(try await level(kibibytes: 1025) == "failure")

        let before = try await levels(rig).findings
        #expect(before["store/restored"] == nil && before["store/altered"] == nil)
        _ = try await Shell.run(
            "sqlite3", [rig.store.path, "UPDATE store_state SET restored_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')"])
        #expect(try await levels(rig).findings["store/restored"] == "warning")

        // A log without a valid header is empty to SQLite, whatever its size.
        let log = rig.store.path + "-wal"
        #expect(FileManager.default.createFile(atPath: log, contents: nil, attributes: [.posixPermissions: 0o600]))
        #expect(truncate(log, 300 << 20) == 0)
        #expect(try await levels(rig).findings["store/write-ahead log"] == "warning")
        try await rig.end()
    }
}
