import Foundation
import SimulatedVendor
import Testing

@Suite("Orders: rotate, reapply, reset, the real binary", .inTurn)
struct OrderCommandTests {
    @Test func `rotate --wait ends when the new PIN is live, and names who ordered it and why`() async throws {
        let rig = try await Rig(Rig.fleet(4))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let before = rig.vendor.truth
        let result = try await rig.run("rotate", "n2", "+15550101003", "--reason", "ticket 4711", "--wait")
        #expect(result.code == 0, "\(result.errors)")
        #expect(result.output.isEmpty, "nothing but data on standard output")
        #expect(result.errors.contains("a new PIN is ordered for 2 numbers"))
        #expect(result.errors.contains("+15550101002: done, PIN generation 2") && result.errors.contains("done: 2"))
        for entry in rig.entries {
            let isRotated = ["n2", "n3"].contains(entry.label)
            #expect((rig.truth(entry) != before[entry.token]) == isRotated, "\(entry.label)")
        }
        #expect(try await rig.disagreements() == [])
        let event = try #require(
            try await rig.query("SELECT actor || ' ' || detail FROM events WHERE kind = 'rotation_ordered'").first)
        #expect(event.contains("uid") && event.contains("ticket 4711"), "\(event)")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `reapply sends the same PIN again; reset takes a number over whatever it was; both for all with --yes`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let (before, requests) = (rig.vendor.truth, rig.vendor.counters.requests)
        let asked = try await rig.run("reapply", "--all")
        #expect(asked.code == 64 && asked.errors.contains("--yes"), "there is nobody to ask")
        #expect(try await rig.run("reapply", "--all", "--yes", "--wait").code == 0)
        #expect(rig.vendor.counters.requests == requests + 3 && rig.vendor.truth == before)

        // A stranger set it by hand, without the daemon's knowledge.
        rig.vendor.set(SimulatedToken(token: rig.entries[1].token, state: .on(pin: "604189")))
        let reset = try await rig.run("reset", rig.entries[1].number, "--reason", "set by hand", "--wait")
        #expect(reset.code == 0, "\(reset.errors)")
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test
    func `a re-apply that the vendor refuses is neither applied nor done, and is counted where people and alerts look`()
        async throws
    {
        let receiver = try WebhookReceiver()
        let rig = try await Rig(
            Rig.fleet(1), semantics: .init(enableWhenOn: .refuse, disableWhenOff: .accept),
            defaults: ["reapply_every: never"])
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(
            settings + "hooks:\n  - name: chat\n    on: [failed]\n    url: \(receiver.url)\n", to: rig.config)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let number = rig.entries[0].number
        let applied = try await rig.status()[number]?["applied_at"] as? String
        #expect(try await rig.status()[number]?["reapply_refusals"] as? Int == 0 && applied != nil)
        let refused = try await rig.run("reapply", "n1", "--wait")
        #expect(refused.code == 1 && refused.errors.contains("the vendor refused to apply it to 1 of 1"), "\(refused)")
        #expect(try await rig.status()[number]?["applied_at"] is NSNull)
        try rig.writeDesiredState(defaults: ["reapply_every: 1s"])
        try await rig.wait("three are refused") {
            try await rig.status()[number]?["reapply_refusals"] as? Int ?? 0 >= 3
        }
        let text = try await rig.run("status", "n1").output
        #expect(text.contains("Re-apply:") && text.contains("times in a row, last "), "\(text)")
        #expect(try await rig.run("status").output.contains("as desired; the re-apply was refused "))
        #expect(try await rig.status()[number]?["condition"] as? String == "converged")
        try await rig.wait("the notification arrives") { !receiver.posts.isEmpty }
        #expect(receiver.posts.allSatisfy { $0["kind"] == "failed" && $0["number"] == number })
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `what cannot be ordered is said, and nothing is sent`() async throws {
        var entries = Rig.fleet(3, disabled: 1)
        entries[1].operatorPIN = "271828"
        let rig = try await Rig(entries)
        let without = try await rig.run("rotate", "n1")
        #expect(without.code == 69 && without.errors.contains("twostepd run"), "\(without.errors)")
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let requests = rig.vendor.counters.requests
        let cases: [([String], Int32, String)] = [
            (["rotate"], 64, "--all"), (["rotate", "n1", "--all"], 64, "not both"),
            (["rotate", "n1", "--timeout", "soon"], 64, "duration"), (["rotate", "n9"], 1, "n9"),
            (["rotate", "n2"], 1, "operator"), (["rotate", "n3"], 1, "disabled"),
        ]
        for (arguments, code, words) in cases {
            let result = try await Binary.run(arguments + ["--config", rig.config.path])
            #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result.errors)")
        }
        #expect(rig.vendor.counters.requests == requests)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `waiting ends with the reason when it takes too long, or when the daemon ends; the order stands`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        var daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        rig.vendor.setFaults([.refuseDisable: 1])
        let late = try await rig.run("rotate", "n1", "--wait", "--timeout", "1s")
        #expect(late.code == 1 && late.errors.contains("not done in time for 1 of 1"), "\(late.errors)")
        try await rig.wait("the vendor's own words are shown") {
            try await rig.run("status", "n1").output.contains("Device or channel not reachable")
        }
        #expect(await rig.stop(daemon) == 0)
        rig.vendor.setFaults([:])
        let pin = rig.truth(rig.entries[0])
        daemon = try await rig.startDaemon()
        try await rig.wait("the order is carried out by the next daemon") {
            guard let now = rig.truth(rig.entries[0]) else { return false }
            return now != pin && now != .off
        }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
