import Foundation
import SimulatedVendor
import Testing

@Suite("Outages and refusals of the vendor, the real binary", .inTurn)
struct GuardOutageTests {
    @Test func `an outage brings probes one at a time, whatever the fleet; afterwards all is brought to its end`()
        async throws
    {
        let rig = try await Rig(
            (1...60).map { Rig.Entry(number: "+1555\(3_000_000 + $0)", label: "n\($0)", start: .on(pin: "604189")) })
        rig.vendor.beginOutage()
        let daemon = try await rig.startDaemon()
        try await rig.wait("the breaker opens") { rig.logText.contains("Endpoint is down") }
        try await rig.wait("probes are sent") { try await Self.probes(rig).count >= 5 }
        let probes = try await Self.probes(rig)
        // Times of one format sort as text.
        for (earlier, later) in zip(probes, probes.dropFirst()) {
            #expect(earlier.ended <= later.requested, "one probe at a time")
        }
        let before = try await rig.query(
            "SELECT count(*) FROM changes WHERE sent_at <= (SELECT min(at) FROM events WHERE kind = 'breaker_opened')"
        ).first.flatMap(Int.init)
        #expect((5...16).contains(before ?? 0), "what was on its way when it opened, and no more: \(before ?? -1)")
        let rows = try await rig.statusRows()
        #expect(rows.contains { $0["reason"] as? String == "endpoint_down" })
        let text = try await rig.run("status").output
        #expect(text.contains("endpoint: DOWN") && text.contains("one probe at a time"), "\(text.prefix(600))")
        #expect(text.contains(rig.vendor.url))

        rig.vendor.endOutage()
        try await rig.wait("the fleet is as desired", seconds: 60) { try await rig.isConverged() }
        #expect(try await rig.query("SELECT kind FROM events").contains("breaker_closed"))
        #expect(try await !rig.run("status").output.contains("DOWN"))
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test
    func `an endpoint that refuses every number alike is asked by probes alone, and every sentence says what it does`()
        async throws
    {
        let rig = try await Rig(
            (1...40).map { Rig.Entry(number: "+1555\(4_000_000 + $0)", label: "n\($0)", start: .on(pin: "604189")) })
        rig.vendor.setFaults([.authRefused: 1])
        let daemon = try await rig.startDaemon()
        try await rig.wait("the breaker opens") { rig.logText.contains("Endpoint refuses every number") }
        try await rig.wait("probes are sent") { try await Self.probes(rig).count >= 5 }
        for (earlier, later) in zip(try await Self.probes(rig), try await Self.probes(rig).dropFirst()) {
            #expect(earlier.ended <= later.requested, "one probe at a time")
        }
        let text = try await rig.run("status").output
        #expect(
            text.contains("\(rig.vendor.url) refuses every number") && text.contains("check the endpoint's address"))
        #expect(!text.contains("is down,") && !rig.logText.contains("Endpoint is down"), "it answers")
        rig.vendor.setFaults([:])
        try await rig.wait("the fleet is as desired", seconds: 60) { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    /// Returns the requests that were sent after the breaker had opened.
    private static func probes(_ rig: Rig) async throws -> [(requested: String, ended: String)] {
        let sql = """
            SELECT sent_at || ' ' || answered_at FROM changes
            WHERE sent_at > (SELECT min(at) FROM events WHERE kind = 'breaker_opened') AND answered_at IS NOT NULL
            ORDER BY id
            """
        return try await rig.query(sql).map { line in
            let parts = line.split(separator: " ").map(String.init)
            return (parts[0], parts[1])
        }
    }

    @Test func `a refused token holds its own number, names what to check, and the others go on`() async throws {
        let rig = try await Rig(Rig.fleet(8))
        // The vendor knows n3 by another token than ours: the simulator refuses unknown tokens.
        let secrets = rig.entries.map { "  \($0.label): \($0.label == "n3" ? "token-of-nobody" : $0.token)" }
        try rig.write(
            (["tokens:"] + secrets).joined(separator: "\n") + "\n",
            to: rig.folder.appendingPathComponent("secrets.yaml"))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the others are as desired") {
            try await rig.statusRows().filter { $0["condition"] as? String == "converged" }.count == 7
        }
        try await rig.wait("it was tried often enough to trip a breaker that counts it") {
            try await rig.query("SELECT count(*) FROM changes WHERE number = '+15550101003'").first.flatMap(Int.init)
                ?? 0 >= 7
        }
        // Between two tries the number's reason names the refusal.
        try await rig.wait("it waits because of the refusal") {
            let row = try await rig.statusRows().first { $0["number"] as? String == "+15550101003" }
            return row?["reason"] as? String == "authentication_refused"
        }
        let row = try #require(try await rig.statusRows().first { $0["number"] as? String == "+15550101003" })
        let error = row["last_error"] as? String ?? ""
        #expect(error.contains("the token \"n3\""), "\(error)")
        #expect(error.contains("IP addresses") && error.contains(rig.vendor.url), "\(error)")
        #expect(!error.contains("token-of-nobody") && !rig.logText.contains("token-of-nobody"))
        #expect(try await !rig.query("SELECT kind FROM events").contains("breaker_opened"))

        // The right token ends its backoff at once.
        let right = rig.entries.map { "  \($0.label): \($0.token)" }
        try rig.write(
            (["tokens:"] + right).joined(separator: "\n") + "\n", to: rig.folder.appendingPathComponent("secrets.yaml"))
        try await rig.wait("it is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test(arguments: [Fault.refuseDisable, .refuseEnable])
    func `a refusal with a status that nobody knows shows the vendor's own words`(_ fault: Fault) async throws {
        let rig = try await Rig([Rig.Entry(number: "+15550101001", label: "n1", start: .on(pin: "604189"))])
        rig.vendor.setFaults([fault: 1])
        let daemon = try await rig.startDaemon()
        try await rig.wait("it is refused") {
            try await rig.statusRows().first?["last_error"] is String
        }
        let answer = "Device or channel not reachable"
        let error = try #require(try await rig.statusRows().first?["last_error"] as? String)
        #expect(error.contains("404") && error.contains(answer), "\(error)")
        #expect(try await rig.run("status").output.contains(answer))
        #expect(rig.logText.contains(answer))
        rig.vendor.setFaults([:])
        try await rig.wait("it is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
