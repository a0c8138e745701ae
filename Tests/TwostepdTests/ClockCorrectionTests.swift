import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("A clock that was ahead and is corrected, the real binary", .inTurn)
struct ClockCorrectionTests {
    @Test func `after a correction of 90 seconds rotate --wait sends requests, and says done when the PIN has changed`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3))
        let clock = try await ShiftedClock(for: rig, ahead: .seconds(90))
        let daemon = try await rig.startDaemon(environment: clock.environment)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try await expectRequests(rig, ahead: 60)
        let (before, requests) = (rig.vendor.truth, rig.vendor.counters.requests)
        try clock.set(ahead: .zero)
        let result = try await rig.run("rotate", "n2", "--wait", "--timeout", "60s")
        #expect(result.code == 0, "\(result.errors)")
        #expect(rig.vendor.counters.requests >= requests + 2)
        #expect(rig.truth(rig.entries[1])?.pin != nil)
        #expect(rig.truth(rig.entries[1]) != before[rig.entries[1].token])
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test
    func
        `two hours ahead: exposed numbers are enabled after the correction, and clock accept settles the rest at once`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3))
        let (one, two, three) = (rig.entries[0], rig.entries[1], rig.entries[2])
        let clock = try await ShiftedClock(for: rig, ahead: .seconds(7200))
        var daemon = try await rig.startDaemon(environment: clock.environment)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let before = rig.vendor.truth

        rig.vendor.setFaults([.refuseEnable: 1])
        #expect(try await rig.run("rotate", one.number).code == 0)
        try await rig.wait("its enable was refused a few times") {
            let sql = "SELECT count(*) FROM changes WHERE action = 'enable' AND outcome = 'refused'"
            return try await rig.query(sql).first.flatMap(Int.init) ?? 0 >= 3 && rig.truth(one) == .off
        }
        try await expectRequests(rig, ahead: 6000)
        try clock.set(ahead: .zero)
        rig.vendor.setFaults([:])
        try await rig.wait("it is enabled within an ordinary backoff") {
            rig.truth(one)?.pin != nil && rig.truth(one) != before[one.token]
        }

        // Rotations hold until the operator states which of both is right: nothing is reported as done in the meantime.
        let held = try await rig.run("rotate", two.number, "--wait", "--timeout", "2s")
        #expect(held.code == 1 && held.errors.contains("the clock is behind"), "\(held.errors)")
        #expect(rig.truth(two) == before[two.token])
        #expect(await rig.stop(daemon) == 0)

        let accepted = try await rig.run("clock", "accept")
        #expect(accepted.code == 0 && accepted.errors.contains("later instants of 3 numbers"), "\(accepted.errors)")
        let events = try await rig.query("SELECT detail FROM events WHERE kind = 'clock_accepted'")
        #expect(events.count == 1 && events[0].hasSuffix("which count as now: 3"), "\(events)")
        #expect(try await rig.run("audit", "verify").code == 0)

        daemon = try await rig.startDaemon()
        try await rig.wait("the order is carried out") {
            rig.truth(two)?.pin != nil && rig.truth(two) != before[two.token]
        }
        let result = try await rig.run("rotate", three.number, "--wait", "--timeout", "60s")
        #expect(result.code == 0, "\(result.errors)")
        #expect(rig.truth(three)?.pin != nil && rig.truth(three) != before[three.token])
        #expect(try await !rig.run("status").output.contains("BEHIND"))
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test
    func `a store that was written while the clock was ahead: a number that is exposed is enabled by the next start`()
        async throws
    {
        let rig = try await Rig([Rig.Entry(number: "+15550101001", label: "n1", start: .on(pin: "604189"))])
        let clock = try await ShiftedClock(for: rig, ahead: .seconds(7200))
        rig.vendor.setFaults([.refuseEnable: 1])
        var daemon = try await rig.startDaemon(environment: clock.environment)
        try await rig.wait("its enable was refused a few times") {
            let sql = "SELECT count(*) FROM changes WHERE action = 'enable' AND outcome = 'refused'"
            return try await rig.query(sql).first.flatMap(Int.init) ?? 0 >= 3 && rig.truth(rig.entries[0]) == .off
        }
        daemon.signal(SIGKILL)
        #expect(await daemon.exitCode() == -1)
        try await expectRequests(rig, ahead: 6000)
        rig.vendor.setFaults([:])
        daemon = try await rig.startDaemon()
        try await rig.wait("it is enabled") { rig.truth(rig.entries[0])?.pin != nil }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    /// Expects that the newest request was recorded as sent at least so many seconds from now.
    private func expectRequests(_ rig: Rig, ahead seconds: Double) async throws {
        let sentAt = try #require(try await rig.query("SELECT max(sent_at) FROM changes").first)
        #expect(sentAt > Date.now.addingTimeInterval(seconds).ISO8601Format(), "the daemon's clock is ahead")
    }
}
