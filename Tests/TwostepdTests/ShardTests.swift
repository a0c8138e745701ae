import Foundation
import Planning
import SimulatedVendor
import Testing

@Suite("One fleet in several instances, the real binary", .inTurn)
struct ShardTests {
    /// The labels of the entries that a shard has.
    private static func labels(_ rig: Rig, _ shard: String) throws -> [String] {
        let shard = try #require(Shard(shard))
        return try rig.entries.filter { shard.owns(try #require(PhoneNumber($0.number))) }.map(\.label)
    }

    @Test(
        "each instance works on its part, with its own secrets; together they are the fleet, and nothing is sent twice")
    func parts() async throws {
        let rig = try await Rig(Rig.fleet(12))
        var seen: [String] = []
        for index in 0..<3 {
            let shard = "\(index)/3"
            let own = try Self.labels(rig, shard)
            let instance = try Instance(rig, "s\(index)", shard: shard, tokens: own)
            let check = try await instance.run("check")
            #expect(check.code == 0, "\(check.errors)")
            #expect(check.output.contains("valid, 12 numbers, \(own.count) of them in shard \(shard)"))
            let plan = try await instance.run("plan")
            #expect(plan.output.contains("HELD") && plan.output.contains("it begins as shard \(shard)"))
            #expect(plan.output.contains("\(own.count) numbers of shard \(shard)."))

            let held = try await instance.run("apply")
            #expect(held.code == 1 && held.errors.contains("reset \(own.count) that this store does not know"))
            #expect(try await instance.managed().isEmpty)
            let status = try await instance.run("status")
            #expect(status.output.contains("HELD") && status.output.contains("so none is in force"))

            let applied = try await instance.run("apply", "--accept", try await rig.revision())
            #expect(applied.code == 0, "\(applied.errors)")
            #expect(applied.output.contains(", shard \(shard), loaded"))
            let managed = try await instance.managed()
            #expect(managed.values.allSatisfy { $0["condition"] as? String == "converged" })
            #expect(Set(managed.values.compactMap { $0["label"] as? String }) == Set(own))
            seen += own
            let again = try await instance.run("apply")
            #expect(again.code == 0, "what was accepted once is not asked for again")
        }
        #expect(seen.sorted() == rig.entries.map(\.label).sorted())
        for entry in rig.entries { #expect(rig.truth(entry)?.pin != nil) }
        try await rig.end()
    }

    @Test("a mistyped shard changes nothing and sends nothing, and says what it would have done")
    func mistyped() async throws {
        let rig = try await Rig(Rig.fleet(12))
        let instance = try Instance(rig, "a", shard: "1/2")
        #expect(try await instance.run("apply", "--accept", try await rig.revision()).code == 0)
        let (before, requests) = (try await instance.managed(), rig.vendor.counters.requests)

        try instance.set(shard: "0/2")
        let plan = try await instance.run("plan")
        #expect(plan.output.contains("HELD") && plan.output.contains("the shard changes from 1/2 to 0/2"))
        let compared = try await instance.run("check", "--against-store")
        #expect((compared.output + compared.errors).contains("it would be held"))
        var daemon = try await instance.startDaemon()
        try await rig.wait("it is held") { instance.logText.contains("held") }
        #expect(try await instance.managed().keys.sorted() == before.keys.sorted())
        let status = try await instance.run("status").output
        #expect(status.contains("shard 1/2") && status.contains("the shard changes from 1/2 to 0/2"))
        #expect(rig.vendor.counters.requests == requests)
        daemon.signal(SIGTERM)
        #expect(await daemon.exitCode() == 0)
        #expect(instance.logText.contains("shard=0/2"))

        try instance.set(shard: "1/2")
        daemon = try await instance.startDaemon()
        try await rig.wait("it is not held any more") { try await !instance.run("status").output.contains("HELD") }
        #expect(try await instance.managed().keys.sorted() == before.keys.sorted())
        #expect(rig.vendor.counters.requests == requests)
        daemon.signal(SIGTERM)
        #expect(await daemon.exitCode() == 0)
        let events = try await instance.run("history", "--events", "--format", "csv").output
        #expect(events.components(separatedBy: "shard_changed").count == 4)
        try await rig.end()
    }

    @Test("an instance without numbers is at rest; the file is not taken for emptied")
    func empty() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let number = try #require(PhoneNumber(rig.entries[0].number))
        let other = "\((Shard.owner(of: number, among: 4) + 1) % 4)/4"
        let instance = try Instance(rig, "empty", shard: other, tokens: [])
        let daemon = try await instance.startDaemon()
        try await rig.wait("a revision is in force") {
            try await instance.run("status").output.contains("revision 1")
        }
        #expect(try await instance.run("plan").output.contains("0 numbers of shard \(other)."))
        #expect(rig.vendor.counters.requests == 0)
        daemon.signal(SIGTERM)
        #expect(await daemon.exitCode() == 0)
        try await rig.end()
    }

    @Test("instances with one settings file get their shard from the environment, and none goes without")
    func environment() async throws {
        let rig = try await Rig(Rig.fleet(12))
        let instance = try Instance(rig, "pod", shard: "$TWOSTEPD_SHARD")
        for command in [["check"], ["plan"], ["status"], ["apply"], ["run"]] {
            let result = try await Binary.run(command + ["--config", instance.config.path])
            #expect(result.code == 78 && result.errors.contains("TWOSTEPD_SHARD, which is not set"), "\(command)")
        }
        let check = try await instance.run("check", environment: ["TWOSTEPD_SHARD": "1/3"])
        #expect(check.output.contains("of them in shard 1/3"))
        try instance.set(shard: nil)
        let whole = try await instance.run("run", environment: ["TWOSTEPD_SHARD": "1/3"])
        #expect(whole.code == 78 && whole.errors.contains("and the settings say shard 0/1"))
        try await rig.end()
    }
}
