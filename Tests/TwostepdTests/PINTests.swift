import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("Looks at PINs, the real binary", .inTurn)
struct PINTests {
    private func events(_ rig: Rig) async throws -> String {
        let sql = "SELECT actor, detail FROM events WHERE kind = 'pin_revealed'"
        return try await Shell.run("sqlite3", [rig.store.path, sql])
    }

    @Test func `a PIN is not printed to a pipe or a file by mistake, and such a try is not a look`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let pin = try #require(rig.truth(rig.entries[0])?.pin)
        let refused = try await rig.run("pin", "show", "n1", "--reason", "mistake")
        #expect(refused.code == 64)
        #expect(refused.errors.contains("--stdout"))
        #expect(!(refused.output + refused.errors).contains(pin))
        #expect(try await rig.run("pin", "show", "n1", "--reason", " ", "--stdout").code == 64)
        #expect(try await events(rig).isEmpty)
        let asked = try await rig.run("pin", "show", "n1", "--reason", "asked for", "--stdout")
        #expect(asked.code == 0 && asked.output == pin + "\n")
        #expect(asked.errors.contains("certain: generation 1"))
        #expect(try await events(rig).contains("asked for"))
        try await rig.end()
    }

    @Test func `on a terminal it is printed, and who, from which terminal, why and which generation is recorded`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let pin = try #require(rig.truth(rig.entries[0])?.pin)
        let command = "\(Binary.url.path) pin show n1 --reason terminal --config \(rig.config.path)"
        let alone = try await Shell.run("env", ["SUDO_USER=alice", "script", "-qec", command, "/dev/null"])
        #expect(alone.contains(pin))
        let daemon = try await rig.startDaemon()
        let beside = try await Shell.run("env", ["SUDO_USER=alice", "script", "-qec", command, "/dev/null"])
        #expect(beside.contains(pin))
        #expect(await rig.stop(daemon) == 0)
        let lines = try await events(rig).split(separator: "\n")
        #expect(lines.count == 2)
        for line in lines {
            for part in ["(uid \(getuid())", "sudo from alice", ", at /dev/", "generations 1: terminal"] {
                #expect(line.contains(part), "\(part) in \(line)")
            }
        }
        try await rig.end()
    }

    @Test func `an uncertain PIN is shown with every other that may be live, and with what would settle it`()
        async throws
    {
        let rig = try await Rig(
            Rig.fleet(1), defaults: ["rotation_method: replace", "rotate_every: never"],
            timing: "{ request_timeout: 1s, settle_delay: 1h, backoff_min: 1s, backoff_max: 1h }")
        #expect(try await rig.run("apply").code == 0)
        rig.vendor.setFaults([.closeAfter: 1])
        try rig.writeDesiredState(defaults: ["rotation_method: replace", "rotate_every: 1s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the rotation is in doubt") {
            try await rig.status().values.allSatisfy { ($0["belief"] as? [String] ?? []).count > 1 }
        }
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        let text = try await rig.run("pin", "show", "n1", "--reason", "which", "--stdout")
        #expect(text.code == 0)
        #expect(text.output.split(separator: "\n").count >= 2)
        for part in ["NOT certain; most likely first", "may still be carried out until", "settles it"] {
            #expect(text.errors.contains(part), "\(part) in \(text.errors)")
        }
        let json = try await rig.run("pin", "show", "n1", "--reason", "which", "--format", "json").json()
        #expect(json.keys.sorted() == ["candidates", "certain", "generation", "number", "pin", "version"])
        #expect(json["certain"] as? Bool == false)
        let candidates = json["candidates"] as? [[String: Any]] ?? []
        #expect(candidates.contains { $0["pin"] as? String == rig.truth(rig.entries[0])?.pin })
        #expect(candidates.first?["pin"] as? String == json["pin"] as? String)
        #expect(text.output.hasPrefix(json["pin"] as? String ?? "none"))
        try await rig.end()
    }

    @Test func `pin list shows generations and dates, no PIN, and needs no key`() async throws {
        let rig = try await Rig(Rig.fleet(1), defaults: ["rotate_every: 1s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("some rotations") { rig.vendor.counters.requests > 6 }
        #expect(await rig.stop(daemon) == 0)
        let pin = try #require(try await rig.shownPIN(rig.entries[0]))
        let key = rig.folder.appendingPathComponent("state/twostepd.key").path
        try FileManager.default.moveItem(atPath: key, toPath: key + ".away")
        let text = try await rig.run("pin", "list", "n1")
        #expect(text.code == 0)
        #expect(text.output.contains("LIVE FROM") && !text.output.contains(pin))
        let result = try await rig.run("pin", "list", "n1", "--format", "json")
        #expect(!result.output.contains(pin))
        let json = try result.json()
        #expect(json.keys.sorted() == ["generations", "number", "version"])
        let generations = json["generations"] as? [[String: Any]] ?? []
        #expect(generations.count >= 2)
        #expect(generations.compactMap { $0["generation"] as? Int } == Array((1...generations.count).reversed()))
        for generation in generations {
            #expect(
                generation.keys.sorted() == [
                    "created_at", "doubt_at", "generation", "key_id", "live_from", "live_until", "maybe_live", "origin",
                ])
        }
        #expect(try await rig.run("pin", "list", "+15559999999").code == 1)
        try await rig.end()
    }
}

@Suite("Secrets that change, the real binary", .inTurn)
struct SecretReloadTests {
    @Test func `a token that changes in secrets.yaml is used after a reload`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let state = """
            version: 1
            defaults: { endpoint: "\(rig.vendor.url)", rotate_every: never, reapply_every: 1s }
            numbers:
              - { number: "\(rig.entries[0].number)", token: n1 }

            """
        try rig.write(state, to: rig.desiredState)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the first token is used") { rig.truth(rig.entries[0])?.pin != nil }
        let before = rig.truth(rig.entries[1])
        try rig.write(
            "tokens:\n  n1: \(rig.entries[1].token)\n", to: rig.folder.appendingPathComponent("secrets.yaml"))
        let reload = try await rig.run("reload")
        #expect(reload.code == 0, "\(reload.errors)")
        try await rig.wait("the second token is used") { rig.truth(rig.entries[1]) != before }

        try rig.write("tokens: [broken]\n", to: rig.folder.appendingPathComponent("secrets.yaml"))
        let broken = try await rig.run("reload")
        #expect(broken.code != 0 && broken.errors.contains("secrets.yaml"), "\(broken.errors)")
        let requests = rig.vendor.counters.requests
        try await rig.wait("the last good secrets stay in force") { rig.vendor.counters.requests > requests + 1 }
        #expect(await rig.stop(daemon) == 0)
        #expect(!rig.logText.contains(rig.entries[1].token))
        try await rig.end()
    }
}
