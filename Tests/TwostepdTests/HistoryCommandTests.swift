import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("history and status for operators, the real binary", .inTurn)
struct HistoryCommandTests {
    @Test func `history is filtered by time, outcome and kind, and comes as text, JSON and CSV`() async throws {
        let timing = Rig.fastTiming.replacing(" }", with: ", shutdown_grace: 1s }")
        let rig = try await Rig(Rig.fleet(2), timing: timing, limits: Rig.oneExposed)
        // One number stays exposed in the only place, so the other does not start: the pass ends all the same, and
        // reports it.
        rig.vendor.setFaults([.refuseEnable: 1])
        let failed = try await rig.run("apply")
        #expect(failed.code == 1 && failed.errors.contains("not started"), "\(failed.errors)")
        rig.vendor.setFaults([:])
        let repaired = try await rig.run("apply")
        #expect(repaired.code == 0, "\(repaired.errors)")
        func ids(_ arguments: String...) async throws -> [Int] {
            let result = try await Binary.run(
                ["history", "--format", "json", "--config", rig.config.path] + arguments)
            let changes = try result.json()["changes"] as? [[String: Any]]
            return try #require(changes, "\(result.errors)").compactMap { $0["id"] as? Int }
        }
        let all = try await ids()
        // The stop may come between the record of a request and its sending.
        let sent = rig.vendor.counters.requests
        #expect(all == all.sorted() && (sent...sent + 1).contains(all.count))
        let refused = try await ids("--outcome", "refused")
        let accepted = try await ids("--outcome", "accepted")
        #expect(!refused.isEmpty && !accepted.isEmpty && Set(refused).isDisjoint(with: accepted))
        // The stop may have interrupted a request.
        let others = try await ids("--outcome", "in_doubt", "--outcome", "unanswered", "--outcome", "no_effect")
        #expect((refused + accepted + others).sorted() == all)
        #expect(try await ids("--since", "1h") == all)
        #expect(try await ids("--until", "1h") == [])
        #expect(try await ids("--limit", "2") == Array(all.suffix(2)))
        let (first, second) = (try await ids("n1"), try await ids("n2"))
        #expect(Set(first).isDisjoint(with: second) && first.count + second.count == all.count)

        let csv = try await rig.run("history", "--format", "csv", "--outcome", "refused")
        let rows = csv.output.components(separatedBy: "\r\n").dropLast()
        #expect(rows.first?.hasPrefix("id,number,action,reason") == true && rows.count == refused.count + 1)
        #expect(rows.dropFirst().allSatisfy { $0.contains(",refused,200,") })

        _ = try await rig.run("pin", "show", "n1", "--reason", "a look", "--format", "json")
        let looks = try await rig.run("history", "--events", "--kind", "pin_revealed", "--since", "7d")
        #expect(looks.code == 0 && looks.output.contains("a look") && !looks.output.contains("started"))
        let events = try await rig.run("history", "--events", "--format", "json").json()["events"] as? [[String: Any]]
        #expect(try #require(events).contains { $0["kind"] as? String == "started" })
        for wrong in [
            ["--since", "soon"], ["--events", "--outcome", "refused"], ["--kind", "started"], ["--limit", "0"],
        ] {
            #expect(try await Binary.run(["history", "--config", rig.config.path] + wrong).code == 64, "\(wrong)")
        }
        try await rig.end()
    }

    @Test func `history --follow shows requests as they end, each once, until it is told to stop`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let output = rig.folder.appendingPathComponent("follow")
        let child = try Child(
            ["history", "--follow", "--format", "csv", "--config", rig.config.path], output: output,
            errors: rig.folder.appendingPathComponent("follow.errors"))
        func rows() throws -> [String] {
            try String(contentsOf: output, encoding: .utf8).components(separatedBy: "\r\n").dropFirst().dropLast()
        }
        try await rig.wait("it shows what there was") { try rows().count == rig.vendor.counters.requests }
        #expect(try await rig.run("rotate", "n1", "--wait").code == 0)
        try await rig.wait("it shows what is new") { try rows().count == rig.vendor.counters.requests }
        let ids = try rows().map { $0.prefix { $0 != "," } }
        #expect(Set(ids).count == ids.count)
        child.signal(SIGTERM)
        #expect(await child.exitCode() == 0)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `status shows one number in full, several by pattern, and --watch draws in place until it is stopped`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(3))
        #expect(try await rig.run("apply").code == 0)
        let one = try await rig.run("status", "n2")
        #expect(
            one.output.contains("Belief:") && one.output.contains("PIN generations")
                && one.output.contains("Last requests"))
        let some = try await rig.run("status", "n[12]")
        #expect(some.output.contains("n1") && some.output.contains("n2") && !some.output.contains("n3"))
        let none = try await rig.run("status", "--condition", "exposed")
        #expect(none.code == 0 && none.output.contains("3 numbers, none of them selected"))
        #expect(try await rig.run("status", "nobody").code == 1)
        #expect(try await rig.run("status", "--watch").code == 64)
        let typescript = rig.folder.appendingPathComponent("typescript").path
        let script = "timeout --signal=INT 3 \(Binary.url.path) status --watch --config \(rig.config.path)"
        _ = try await Shell.run("sh", ["-c", "script -qec '\(script)' \(typescript) </dev/null >/dev/null 2>&1; true"])
        let drawn = try String(contentsOfFile: typescript, encoding: .utf8)
        #expect(drawn.contains("\u{1B}[?1049h") && drawn.contains("\u{1B}[?1049l") && drawn.contains("n3"))
        #expect(drawn.components(separatedBy: "\u{1B}[H").count > 2, "it was drawn more than once")
        try await rig.end()
    }

    @Test func `status --watch shows a daemon that is started while it draws`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let typescript = rig.folder.appendingPathComponent("typescript").path
        let output = try Child.open(rig.folder.appendingPathComponent("script.out"))
        defer { close(output) }
        let script = try Child(
            program: "/usr/bin/env",
            ["script", "--flush", "-qec", "\(Binary.url.path) status --watch --config \(rig.config.path)", typescript],
            environment: ProcessInfo.processInfo.environment, output: output, errors: output)
        func drawn() -> String { (try? String(contentsOfFile: typescript, encoding: .utf8)) ?? "" }
        try await rig.wait("it draws") { drawn().contains("not running") }
        let daemon = try await rig.startDaemon()
        try await rig.wait("it draws the daemon") { drawn().contains("run, pid \(daemon.pid)") }
        let pattern = "^\(Binary.url.path) status --watch --config \(rig.config.path)"
        _ = try await Shell.run("pkill", ["-INT", "-f", pattern])
        #expect(await script.exitCode() == 0)
        #expect(drawn().contains("\u{1B}[?1049l"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
