import Foundation
import SimulatedVendor
import Testing

@Suite("A vendor that refuses to protect again, the real binary", .inTurn)
struct GuardExposureTests {
    @Test
    func `of 1,000 numbers two at most are exposed, are shown first, and all end protected when the vendor heals`()
        async throws
    {
        let entries = (1...1000).map { index in
            Rig.Entry(number: "+1555\(2_000_000 + index)", label: "n\(index)", start: .on(pin: "604189"))
        }
        let rig = try await Rig(
            entries,
            limits: """
                { requests_per_minute: unlimited, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited, \
                max_exposed: 64 }
                """)
        rig.vendor.setFaults([.refuseEnable: 1])
        let daemon = try await rig.startDaemon()
        try await rig.wait("it was tried to protect two numbers again and again") {
            let tries = try await rig.query("SELECT count(*) FROM changes WHERE action = 'enable' GROUP BY number")
            return tries.compactMap(Int.init).count { $0 >= 6 } == 2
        }
        // One number may be an exception; the second shows that the vendor refuses.
        #expect(rig.vendor.counters.mostOff == 2)
        let enabled = try await rig.query("SELECT DISTINCT number FROM changes WHERE action = 'enable' ORDER BY number")
        let disabled = try await rig.query(
            "SELECT DISTINCT number FROM changes WHERE action = 'disable' ORDER BY number")
        #expect(enabled.count == 2 && disabled == enabled)

        let rows = try await rig.statusRows()
        #expect(rows.count == 1000)
        let shown = rows.prefix(2)
        #expect(shown.compactMap { $0["number"] as? String }.sorted() == enabled)
        #expect(shown.allSatisfy { $0["condition"] as? String == "exposed" })
        #expect(rows.dropFirst(2).allSatisfy { $0["reason"] as? String == "exposure_budget" })
        let text = try await rig.run("status").output
        #expect(text.contains("exposure: 2 exposed") && text.contains("cannot be enabled"), "\(text.prefix(600))")
        let kinds = try await rig.query("SELECT kind FROM events")
        #expect(kinds.count { $0 == "exposure_reduced" } == 1, "once for all of them")

        rig.vendor.setFaults([:])
        try await rig.wait("the whole fleet is protected", seconds: 240) {
            let numbers = try await rig.statusRows()
            return numbers.allSatisfy { $0["condition"] as? String == "converged" }
        }
        #expect(!rig.vendor.truth.values.contains(.off))
        #expect((2...64).contains(rig.vendor.counters.mostOff), "it grows from one, and never beyond max_exposed")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test
    func `SIGTERM leaves a number exposed only when the vendor refuses to the end; a second one says what is left`()
        async throws
    {
        let rig = try await Rig(
            [Rig.Entry(number: "+15550101001", label: "n1", start: .on(pin: "604189"))],
            timing: """
                { request_timeout: 1s, settle_delay: 1500ms, backoff_min: 50ms, backoff_max: 500ms, \
                backoff_max_exposed: 200ms, shutdown_grace: 100s }
                """)
        rig.vendor.setFaults([.refuseEnable: 1])
        let daemon = try await rig.startDaemon()
        try await rig.wait("it is exposed") { rig.truth(rig.entries[0]) == .off }
        daemon.signal(SIGTERM)
        try await rig.wait("it says what it waits for") { rig.logText.contains("Stopping") }
        daemon.signal(SIGTERM)
        let code = await daemon.exitCode()
        #expect(code != 0, "not all was brought to an end")
        let last = rig.logText.components(separatedBy: "Stopping").last ?? ""
        #expect(last.contains("exposed") && last.contains("+15550101001"), "\(last)")
        #expect(rig.truth(rig.entries[0]) == .off)

        rig.vendor.setFaults([:])
        let next = try await rig.startDaemon()
        try await rig.wait("the next start protects it") { rig.truth(rig.entries[0])?.pin != nil }
        #expect(await rig.stop(next) == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test func `of 200 clean stops in the midst of rotations none leaves a number exposed`() async throws {
        let rig = try await Rig(
            Rig.fleet(4), semantics: .init(enableWhenOn: .ignore, disableWhenOff: .refuse),
            defaults: ["rotate_every: 1s"])
        // All are protected at first: a number that is off later was exposed by us.
        _ = try await rig.run("apply")
        #expect(!rig.vendor.truth.values.contains(.off))
        rig.vendor.setFaults([.slow: 0.2, .closeAfter: 0.1])
        var random = SystemRandomNumberGenerator()
        var inCycle = 0
        for _ in 1...200 {
            let daemon = try await rig.startDaemon()
            // The moment is arbitrary, and in every second round right after a disable, which the loop waits for.
            if Bool.random(using: &random) {
                let requests = rig.vendor.counters.requests
                try await rig.wait("it works", every: .milliseconds(2)) {
                    rig.vendor.counters.requests > requests && rig.vendor.truth.values.contains(.off)
                }
                inCycle += 1
            }
            #expect(await rig.stop(daemon) == 0)
            #expect(!rig.vendor.truth.values.contains(.off), "\(rig.logText.suffix(2000))")
        }
        #expect(inCycle > 50)
        rig.vendor.setFaults([:])
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }
}
