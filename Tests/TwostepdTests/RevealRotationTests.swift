import Foundation
import SimulatedVendor
import Testing

@Suite("Rotation after a look at a PIN, the real binary", .inTurn)
struct RevealRotationTests {
    @Test func `a PIN that somebody has seen is rotated after the delay, no other is, and the audit trail says so`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2), defaults: ["rotate_every: never", "rotate_after_reveal: 2s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let before = rig.vendor.truth
        let shown = try await rig.run("pin", "show", "n1", "--reason", "support call", "--stdout")
        #expect(shown.output == (before[rig.entries[0].token]?.pin).map { $0 + "\n" })
        #expect(shown.errors.contains("it is rotated at"))
        try await rig.wait("the PIN that was seen is replaced") {
            guard let pin = rig.truth(rig.entries[0])?.pin else { return false }
            return pin != before[rig.entries[0].token]?.pin
        }
        try await rig.wait("the fleet is as desired again") { try await rig.isConverged() }
        #expect(rig.truth(rig.entries[1]) == before[rig.entries[1].token])
        let details = try await rig.query("SELECT detail FROM events WHERE kind = 'pin_revealed'")
        #expect(details.count == 1 && details[0].contains("support call (the PIN is rotated at 20"))
        #expect(try await rig.query("SELECT count(*) FROM pins WHERE number = '\(rig.entries[0].number)'") == ["2"])
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a look without a daemon is in the store, and the next start rotates the PIN`() async throws {
        var fleet = Rig.fleet(2)
        fleet[0].extra = ["rotate_after_reveal: 1s"]
        let rig = try await Rig(fleet, defaults: ["rotate_every: never"])
        #expect(try await rig.run("apply").code == 0)
        let before = rig.vendor.truth
        for entry in rig.entries { #expect(try await rig.shownPIN(entry) == before[entry.token]?.pin) }
        let daemon = try await rig.startDaemon()
        try await rig.wait("the PIN that was seen is replaced") {
            guard let pin = rig.truth(rig.entries[0])?.pin else { return false }
            return pin != before[rig.entries[0].token]?.pin
        }
        try await rig.wait("the fleet is as desired again") { try await rig.isConverged() }
        #expect(rig.truth(rig.entries[1]) == before[rig.entries[1].token], "this one has no such rule")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `looking again and again does not defer the rotation`() async throws {
        let rig = try await Rig(Rig.fleet(1), defaults: ["rotate_every: never", "rotate_after_reveal: 3s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let before = try #require(rig.truth(rig.entries[0])?.pin)
        // Each reveal takes less time than the delay: if every reveal restarted the delay, no rotation would ever come.
        try await rig.wait("the PIN is replaced while people look", seconds: 60) {
            let pin = try await rig.shownPIN(rig.entries[0])
            return pin != nil && pin != before
        }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
