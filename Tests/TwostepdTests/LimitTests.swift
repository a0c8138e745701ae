import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("Limits of requests, and fairness under load, the real binary", .inTurn)
struct LimitTests {
    @Test func `at the default limits no number stays off when the minute runs out, and no restart forgets the minute`()
        async throws
    {
        // A kill leaves up to four disables without an answer, and they hold that many places: here they settle soon.
        let rig = try await Rig(
            Self.protected(100), timing: "{ request_timeout: 4s, settle_delay: 5s }", limits: Self.defaults)
        rig.vendor.setFaults([.slow: 1])
        var daemon = try await rig.startDaemon()
        try await rig.wait("a number is off in the midst of the work", every: .milliseconds(10)) {
            rig.vendor.counters.requests >= 20 && rig.vendor.truth.values.contains(.off)
        }
        daemon.signal(SIGKILL)
        #expect(await daemon.exitCode() == -1)

        daemon = try await rig.startDaemon()
        try await rig.wait("the minute is used up") {
            try await rig.run("status").output.contains("wait for the rate limit of \(rig.vendor.url), until ")
        }
        #expect(rig.vendor.counters.requests >= 50, "most of the minute is used")
        try await rig.wait("nothing is off while it lasts") { !rig.vendor.truth.values.contains(.off) }
        #expect(await rig.stop(daemon) == 0)
        #expect(!rig.vendor.truth.values.contains(.off))
        #expect(rig.vendor.counters.requests <= 60)

        daemon = try await rig.startDaemon()
        try await rig.wait("the next minute brings cycles", seconds: 90, every: .milliseconds(10)) {
            rig.vendor.counters.requests > 64 && rig.vendor.truth.values.contains(.off)
        }
        #expect(await rig.stop(daemon) == 0)
        #expect(!rig.vendor.truth.values.contains(.off))

        let times = Self.offTimes(rig.vendor)
        #expect(times.count >= 25, "enough were off for a moment to say so")
        #expect(times.allSatisfy { $0 < .seconds(15) }, "\(times.sorted().suffix(3))")
        // A request arrives a while after it was counted: at most five seconds are allowed for that.
        #expect(Self.most(rig.vendor.requests.map(\.at), within: .seconds(55)) <= 60)
        let sent = try await rig.query("SELECT unixepoch(sent_at) FROM changes ORDER BY id").compactMap { Int($0) }
        #expect(sent.count >= rig.vendor.counters.requests)
        let origin = ContinuousClock.now
        #expect(Self.most(sent.map { origin + .seconds($0) }, within: .seconds(59)) <= 60)
        try await rig.end()
    }

    @Test func `a small limit is the reason that is shown, with the instant until which numbers wait`() async throws {
        let rig = try await Rig(
            Self.protected(10),
            limits: "{ requests_per_minute: 4, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited }")
        let daemon = try await rig.startDaemon()
        let line = try Regex(
            "(?m)^endpoint: [0-9]+ numbers wait for the rate limit of \(NSRegularExpression.escapedPattern(for: rig.vendor.url)), until .*[0-9]"
        )
        try await rig.wait("it is named") { try await rig.run("status").output.contains(line) }
        let reasons = try await rig.statusRows().map { $0["reason"] as? String }
        #expect(reasons.filter { $0 == "endpoint_limit" }.count == 8, "\(reasons)")
        #expect(!rig.vendor.truth.values.contains(.off))
        #expect(rig.vendor.counters.requests == 4)
        #expect(await rig.stop(daemon) == 0)
        #expect(rig.vendor.counters.requests == 4)
        try await rig.end()
    }

    @Test func `2,200 numbers due at an endpoint where nobody listens do not keep 20 at a healthy one waiting`()
        async throws
    {
        let healthy = (1...20).map {
            Rig.Entry(number: "+1555\(9_000_000 + $0)", label: "h\($0)", start: .on(pin: Self.foreign))
        }
        let dead = (1...2200).map { index in
            var entry = Rig.Entry(number: "+1555\(2_000_000 + index)", label: "d\(index)")
            entry.extra = ["endpoint: http://127.0.0.1:1\(SimulatedVendor.path)"]
            return entry
        }
        let rig = try await Rig(dead + healthy, limits: Self.defaults)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the healthy ones are as desired") {
            healthy.allSatisfy { entry in
                rig.truth(entry).flatMap(\.pin).map { $0 != Self.foreign } ?? false
            }
        }
        #expect(rig.vendor.counters.requests == 40)
        let rows = try await rig.statusRows()
        #expect(rows.filter { $0["condition"] as? String == "converged" }.count == 20)
        #expect(rows.filter { $0["reason"] as? String == "endpoint_down" }.count >= 2000)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test(arguments: [[Fault.tooManyRequests], [nil, Fault.tooManyRequests]])
    func `one number that the vendor wants to be left alone for two minutes leaves the others of its endpoint alone`(
        _ script: [Fault?]
    ) async throws {
        let rig = try await Rig(Self.protected(12)) { $0.retryAfter = .seconds(120) }
        let one = rig.entries[0]
        rig.vendor.script(script, token: one.token)
        let daemon = try await rig.startDaemon()
        try await rig.wait("all others are as desired") {
            rig.entries.dropFirst().allSatisfy { entry in
                rig.truth(entry).flatMap(\.pin).map { $0 != Self.foreign } ?? false
            }
        }
        #expect(Self.requests(rig.vendor, of: one).count == script.count, "it is left alone")
        let row = try #require(try await rig.status()[one.number])
        #expect((row["last_error"] as? String ?? "").contains("429"), "\(row)")
        #expect(try await !rig.run("status").output.contains("rate limit of"), "the endpoint does not limit anybody")
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        try await rig.end()
    }

    @Test
    func `numbers whose enable is refused for ever take a place each; a pause gives one back, and status says so`()
        async throws
    {
        let rig = try await Rig(
            Self.protected(16),
            limits: """
                { requests_per_minute: unlimited, writes_per_hour: unlimited, writes_per_hour_exposed: unlimited, \
                max_exposed: 4 }
                """)
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        // After a start one number is exposed at a time.
        let daemon = try await rig.startDaemon()
        let refused = Array(rig.entries.prefix(4))
        let others = Array(rig.entries.dropFirst(4))
        Self.refuseForEver(rig, refused[0])
        let before = rig.vendor.truth
        let ordered = try await rig.run("rotate", "--all", "--yes")
        #expect(ordered.code == 0, "\(ordered.errors)")
        try await rig.wait("all others are rotated") {
            rig.entries.dropFirst().allSatisfy { rig.truth($0)?.pin != nil && rig.truth($0) != before[$0.token] }
        }
        #expect(rig.truth(refused[0]) == .off)

        for entry in refused.dropFirst() { Self.refuseForEver(rig, entry) }
        #expect(try await rig.run("rotate", "n2", "n3", "n4").code == 0)
        try await rig.wait("all places are taken") {
            refused.allSatisfy { rig.truth($0) == .off }
        }
        let held = rig.vendor.truth
        #expect(try await rig.run("rotate", others[0].number).code == 0)
        let holder = "exposure: \(refused[0].number) cannot be enabled"
        try await rig.wait("the holders of the places are named") {
            let text = try await rig.run("status").output
            return refused.allSatisfy { text.contains("exposure: \($0.number) cannot be enabled") }
        }
        let text = try await rig.run("status").output
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix(holder) }.map(String.init))
        #expect(line.contains("twostepd pause \(refused[0].number) --even-exposed"), "\(line)")
        #expect(try await rig.status()[others[0].number]?["reason"] as? String == "exposure_budget")
        #expect(rig.truth(others[0]) == held[others[0].token])

        #expect(try await rig.run("pause", refused[0].number, "--even-exposed").code == 0)
        try await rig.wait("the place is another's") {
            rig.truth(others[0])?.pin != nil && rig.truth(others[0]) != held[others[0].token]
        }
        #expect(rig.truth(refused[0]) == .off, "it is left as it is")
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        try await rig.end()
    }

    @Test func `the lost answer of a disable keeps no other cycle waiting for settle_delay once the number is enabled`()
        async throws
    {
        let rig = try await Rig(
            Self.protected(10),
            timing: """
                { request_timeout: 1s, settle_delay: 10m, backoff_min: 50ms, backoff_max: 500ms, \
                backoff_max_exposed: 200ms }
                """)
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        // After a start one number is exposed at a time.
        let daemon = try await rig.startDaemon()
        let one = rig.entries[0]
        let first = rig.vendor.truth
        rig.vendor.script([.closeAfter], token: one.token)
        #expect(try await rig.run("rotate", one.number).code == 0)
        try await rig.wait("it waits for the doubt to settle") {
            try await rig.status()[one.number]?["reason"] as? String == "awaiting_settlement"
        }
        #expect(rig.truth(one)?.pin != nil)
        let others = rig.entries.dropFirst()
        let result = try await Binary.run(
            ["rotate", "--wait", "--timeout", "60s", "--config", rig.config.path] + others.map(\.number))
        #expect(result.code == 0, "\(result.errors)")
        #expect(others.allSatisfy { rig.truth($0)?.pin != nil && rig.truth($0) != first[$0.token] })
        #expect(try await rig.status()[one.number]?["reason"] as? String == "awaiting_settlement")
        #expect(await rig.stop(daemon) == 0)
        #expect(!rig.vendor.truth.values.contains(.off))
        try await rig.end()
    }
}

extension LimitTests {
    /// Keeps the defaults of a group of settings.
    private static let defaults = "{}"
    /// The PIN under which a fleet begins.
    private static let foreign = "604189"

    /// Numbers that are enabled at first: a number that is off later was exposed by us.
    private static func protected(_ count: Int) -> [Rig.Entry] {
        (1...count).map {
            Rig.Entry(number: "+1555\(2_000_000 + $0)", label: "n\($0)", start: .on(pin: foreign))
        }
    }

    /// Has the vendor refuse each enable of one number from now on, and carry its disables out.
    private static func refuseForEver(_ rig: Rig, _ entry: Rig.Entry) {
        rig.vendor.script(Array(repeating: .refuseEnable, count: 2000), token: entry.token)
    }

    /// Returns the requests of one number, as they arrived.
    private static func requests(_ vendor: SimulatedVendor, of entry: Rig.Entry) -> [SimulatedVendor.Recorded] {
        vendor.requests.filter { $0.request?.name == entry.token }
    }

    /// Returns the time that each number was off, from a successful disable to the next successful enable.
    private static func offTimes(_ vendor: SimulatedVendor) -> [Duration] {
        var since: [String: ContinuousClock.Instant] = [:]
        var times: [Duration] = []
        for request in vendor.requests where request.verdict == .success {
            guard let content = request.request else { continue }
            if !content.setsPIN {
                since[content.name] = since[content.name] ?? request.at
            } else if let began = since.removeValue(forKey: content.name) {
                times.append(request.at - began)
            }
        }
        return times
    }

    /// Returns the maximum count of instants in any period of this length.
    private static func most(_ instants: [ContinuousClock.Instant], within length: Duration) -> Int {
        let sorted = instants.sorted()
        return sorted.indices.map { first in
            sorted[first...].prefix { $0 - sorted[first] < length }.count
        }.max() ?? 0
    }

    @Test func `a record in a cycle that cannot be read does not keep the others from being shown`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        _ = try await rig.query(
            "UPDATE numbers SET cycle_since = '2026-01-01T00:00:00.000Z', cycle_reason = '?' WHERE label = 'n1'")
        let status = try await rig.run("status")
        #expect(status.code == 0 && status.output.contains(rig.entries[1].number), "\(status.errors)")
        try await rig.end()
    }
}
