import Foundation
import SimulatedVendor
import Testing

@Suite("twostepd apply, the real binary against the simulated vendor", .inTurn)
struct ApplyTests {
    @Test(arguments: VendorSemantics.allCases.filter(\.canDisable))
    func `brings the fleet to its desired state under each semantics that can disable`(_ semantics: VendorSemantics)
        async throws
    {
        let rig = try await Rig(Rig.fleet(6, disabled: 2), semantics: semantics)
        let result = try await rig.run("apply", "--accept", try await rig.digest())
        #expect(result.code == 0, "\(result.errors)")
        #expect(try await rig.disagreements() == [])
        #expect(try await rig.isConverged())
        let again = rig.vendor.counters.requests
        #expect(try await rig.run("apply").code == 0)
        #expect(rig.vendor.counters.requests == again, "a fleet as desired needs no request")
        try await rig.end()
    }

    @Test func `keeps the operator's PIN without a gap where the vendor's answer allows it`() async throws {
        var entries = Rig.fleet(2)
        entries[0].operatorPIN = "274916"
        entries[0].start = .on(pin: "274916")
        let rig = try await Rig(entries, semantics: .init(enableWhenOn: .ignore, disableWhenOff: .accept))
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        let history = try await rig.run("history", entries[0].number, "--format", "json").json()
        let changes = history["changes"] as? [[String: Any]] ?? []
        #expect(changes.map { $0["action"] as? String } == ["enable"])
        #expect(changes.first?["reason"] as? String == "adopting_operator_pin")
        try await rig.end()
    }

    @Test func `sets an operator's new PIN, and says done only when it is live`() async throws {
        var entries = Rig.fleet(3)
        for index in entries.indices { entries[index].operatorPIN = "27491\(index)" }
        let rig = try await Rig(entries)
        for attempt in 1...5 {
            let result = try await rig.run("apply")
            #expect(result.code == 0, "attempt \(attempt): \(result.errors)")
        }
        #expect(try await rig.disagreements() == [])
        let before = rig.vendor.counters.requests
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        let text = try String(contentsOf: secrets, encoding: .utf8)
        try rig.write(text.replacingOccurrences(of: "\"274911\"", with: "\"385022\""), to: secrets)
        #expect(try await rig.run("plan").output.contains("operator's PIN has a new value"))
        let result = try await rig.run("apply")
        #expect(result.code == 0, "\(result.errors)")
        #expect(rig.truth(entries[1]) == .on(pin: "385022"), "the new value is live")
        #expect(rig.vendor.counters.requests > before)
        try await rig.end()
    }

    @Test func `names the numbers that fail three times, and exits with 1`() async throws {
        let rig = try await Rig(Rig.fleet(3), timing: "{ backoff_min: 10ms, backoff_max: 20ms, shutdown_grace: 1s }")
        rig.vendor.setFaults([.authRefused: 1])
        let result = try await rig.run("apply")
        #expect(result.code == 1)
        for entry in rig.entries { #expect(result.errors.contains(entry.number)) }
        #expect(result.errors.contains("the IP addresses that it is restricted to"))
        #expect(rig.entries.allSatisfy { rig.truth($0) == $0.start }, "a refused token changes nothing")
        try await rig.end()
    }

    @Test
    func `ends when an endpoint stays down, with a few probes for the whole fleet, and the others are as desired`()
        async throws
    {
        let other = try await SimulatedVendor()
        var entries = Rig.fleet(60)
        entries[59].extra = ["endpoint: \(other.url)"]
        let rig = try await Rig(entries)
        other.set(SimulatedToken(token: entries[59].token, state: .off))
        rig.vendor.beginOutage()
        let result = try await rig.run("apply", "--accept", try await rig.digest())
        #expect(result.code == 1)
        #expect(result.errors.contains("59 of 60 numbers could not be brought to their desired state"))
        #expect(result.errors.contains("  \(entries[40].number): its endpoint \(rig.vendor.url) is down"))
        #expect(!result.errors.contains("  \(entries[59].number)"))
        #expect(other.truth[entries[59].token]?.pin != nil)
        let requests = try await rig.query("SELECT count(*) FROM changes").first.flatMap(Int.init) ?? 0
        #expect((5..<50).contains(requests), "\(requests) requests are no probes any more")
        rig.vendor.endOutage()
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.isConverged())
        try await other.stop()
        try await rig.end()
    }

    @Test func `sends nothing for an invalid file, and exits with 78`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        try rig.write("version: 1\nnumbers:\n  - numbr: \"+15550100001\"\n", to: rig.desiredState)
        let result = try await rig.run("apply")
        #expect(result.code == 78)
        #expect(result.errors.contains("desired-state.yaml:3:5: error:"))
        #expect(rig.vendor.counters.requests == 0)
        try await rig.end()
    }

    @Test func `refuses to work beside a daemon, and names it`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        let result = try await rig.run("apply")
        #expect(result.code == 1)
        #expect(result.errors.contains("pid \(daemon.pid)"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
