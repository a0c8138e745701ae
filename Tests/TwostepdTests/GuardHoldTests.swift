import Foundation
import SimulatedVendor
import Testing

@Suite("What operators hold and let go, the real binary", .inTurn)
struct GuardHoldTests {
    @Test func `a file that weakens the fleet is held, shown and planned, and taken only by its own digest`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(10))
        var daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let requests = rig.vendor.counters.requests

        let weak: (inout Rig.Entry) -> Void = { if ["n2", "n3", "n4"].contains($0.label) { $0.isDisabled = true } }
        try rig.writeDesiredState(weak)
        try await rig.wait("the log says that it is held") { rig.logText.contains("it would disable 3 of 10") }
        let json = try await rig.run("status", "--format", "json").json()
        let held = try #require((json["desired_state"] as? [String: Any])?["held_revision"] as? String)
        let digest = try await Shell.run("sha256sum", [rig.desiredState.path]).prefix(64)
        #expect(held == digest)
        let status = try await rig.run("status").output
        #expect(status.contains("HELD") && status.contains("accept \(held.prefix(12))"), "\(status)")
        #expect(status.contains("disable 3 of 10 managed numbers (30 %)"), "\(status)")
        let check = try await rig.run("check", "--against-store")
        #expect(check.code == 0 && (check.output + check.errors).contains("would be held"))
        #expect(check.output.contains(held) && check.output.contains("3 changed"))
        let plan = try await rig.run("plan", "--detailed-exitcode")
        #expect(plan.code == 2 && (plan.output + plan.errors).contains("HELD"), "\(plan.output) \(plan.errors)")
        #expect(plan.output.contains("+15550101003") && plan.output.contains("disable"))

        // Neither another digest nor a restart adopts it.
        let wrong = try await rig.run("accept", "00000000")
        #expect(wrong.code != 0 && wrong.errors.contains("accept"), "\(wrong.errors)")
        #expect(try await rig.run("reload").errors.contains("held"))
        #expect(await rig.stop(daemon) == 0)
        daemon = try await rig.startDaemon()
        #expect(try await rig.isConverged())
        #expect(try await rig.run("apply").code != 0, "not beside a daemon")
        #expect(rig.vendor.counters.requests == requests)

        #expect(try await rig.run("accept", String(held.prefix(12))).code == 0)
        try await rig.wait("the three are off") { rig.vendor.truth.values.filter { $0 == .off }.count == 3 }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let after = try await rig.run("status", "--format", "json").json()
        #expect((after["desired_state"] as? [String: Any])?["held_revision"] is NSNull)
        let events = try await rig.query("SELECT kind || ' ' || actor FROM events ORDER BY id")
        #expect(events.contains { $0.hasPrefix("configuration_held") })
        #expect(events.contains { $0.hasPrefix("configuration_accepted") && !$0.hasSuffix("daemon") }, "\(events)")

        // Dropping numbers weakens as well; the last good file is adopted without a hold.
        try rig.write("version: 1\nnumbers: []\n", to: rig.desiredState)
        try await rig.wait("an empty file changes nothing") {
            let json = try await rig.run("status", "--format", "json").json()
            let state = json["desired_state"] as? [String: Any]
            return state?["valid"] as? Bool == false || state?["held_revision"] is String
        }
        #expect(try await rig.isConverged())
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `apply holds a weakening file too, says how to take it, and takes it by its digest`() async throws {
        let rig = try await Rig(Rig.fleet(6))
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        let requests = rig.vendor.counters.requests
        try rig.writeDesiredState { if ["n2", "n3"].contains($0.label) { $0.isDisabled = true } }
        let held = try await rig.run("apply")
        let digest = try await Shell.run("sha256sum", [rig.desiredState.path]).prefix(64)
        #expect(held.code != 0 && held.errors.contains("--accept \(digest.prefix(12))"), "\(held.errors)")
        #expect(rig.vendor.counters.requests == requests)
        #expect(try await rig.run("apply", "--accept", "ffff0000").code != 0)
        #expect(rig.vendor.counters.requests == requests)
        #expect(try await rig.run("apply", "--accept", String(digest.prefix(8))).code == 0)
        #expect(rig.truth(rig.entries[1]) == .off && rig.truth(rig.entries[2]) == .off)
        try await rig.end()
    }

    @Test func `a pause of all outlives a restart, is shown with who and why, and holds every request`() async throws {
        let rig = try await Rig(Rig.fleet(4), defaults: ["rotate_every: 1s"])
        var daemon = try await rig.startDaemon()
        try await rig.wait("it rotates") { rig.vendor.counters.requests > 12 }
        let pause = try await rig.run("pause", "--reason", "vendor maintenance")
        #expect(pause.code == 0, "\(pause.errors)")
        try await rig.wait("all are paused") {
            try await rig.statusRows().allSatisfy { $0["condition"] as? String == "paused" }
        }
        #expect(!rig.vendor.truth.values.contains(.off), "an exposed number was protected first")
        let requests = rig.vendor.counters.requests
        #expect(await rig.stop(daemon) == 0)
        daemon = try await rig.startDaemon()
        try rig.writeDesiredState(defaults: ["rotate_every: 1s"]) { if $0.label == "n2" { $0.isDisabled = true } }
        try await rig.wait("the edit is in force") {
            try await rig.statusRows().contains { $0["desired"] as? String == "disabled" }
        }
        let status = try await rig.run("status").output
        #expect(status.contains("PAUSED: all numbers") && status.contains("vendor maintenance"), "\(status)")
        let plan = try await rig.run("plan")
        #expect(plan.output.contains("PAUSED: all numbers") && plan.output.contains("Held back:"), "\(plan.output)")
        #expect(rig.vendor.counters.requests == requests)

        #expect(try await rig.run("resume").code == 0)
        try await rig.wait("the edit reaches the vendor") { rig.truth(rig.entries[1]) == .off }
        try await rig.wait("it rotates") { rig.vendor.counters.requests > requests + 8 }
        #expect(await rig.stop(daemon) == 0)
        let events = try await rig.query("SELECT kind || '|' || actor || '|' || detail FROM events ORDER BY id")
        let paused = try #require(events.first { $0.hasPrefix("paused|") })
        #expect(paused.contains("vendor maintenance") && !paused.hasPrefix("paused|daemon"), "\(paused)")
        #expect(events.contains { $0.hasPrefix("resumed|") })
        try await rig.end()
    }

    @Test(arguments: [false, true])
    func `an exposed number is protected in spite of its pause, unless the pause says otherwise`(evenExposed: Bool)
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        rig.vendor.setFaults([.refuseEnable: 1])
        let daemon = try await rig.startDaemon()
        try await rig.wait("a number is exposed") {
            try await rig.statusRows().first?["condition"] as? String == "exposed"
        }
        let number = try #require(try await rig.statusRows().first?["number"] as? String)
        let entry = try #require(rig.entries.first { $0.number == number })
        let arguments = ["pause", entry.label, "--reason", "test"] + (evenExposed ? ["--even-exposed"] : [])
        let pause = try await Binary.run(arguments + ["--config", rig.config.path])
        #expect(pause.code == 0, "\(pause.errors)")
        #expect(try await rig.run("pause", "nobody").code != 0, "a number that is not there")
        if evenExposed {
            try await rig.wait("the pause holds") {
                try await rig.statusRows().contains {
                    $0["number"] as? String == number && $0["reason"] as? String == "paused"
                }
            }
            #expect(try await rig.run("status").output.contains("exposed"), "it is still shown as unprotected")
            rig.vendor.setFaults([:])
            let other = rig.entries.first { $0.number != number }
            try await rig.wait("the other number is protected") { other.flatMap { rig.truth($0)?.pin } != nil }
            #expect(rig.truth(entry) == .off)
            #expect(try await rig.run("resume", entry.label).code == 0)
        } else {
            rig.vendor.setFaults([:])
        }
        try await rig.wait("it is protected") { rig.truth(entry)?.pin != nil }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
