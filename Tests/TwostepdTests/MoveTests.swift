import Foundation
import Planning
import SimulatedVendor
import Testing

@Suite("Numbers that move between stores, the real binary", .inTurn)
struct MoveTests {
    private func text(_ url: URL) throws -> String { try String(contentsOf: url, encoding: .utf8) }

    /// Three instances where two were: the old ones let go, and what they had goes to the new one.
    @Test(
        "a fleet grows by a shard: no PIN is lost or changed, nothing is sent by the move, and no number has two masters"
    )
    func growing() async throws {
        let rig = try await Rig(Rig.fleet(12))
        let old = try (0..<2).map { try Instance(rig, "s\($0)", shard: "\($0)/2") }
        for instance in old { #expect(try await instance.run("apply", "--accept", try await rig.revision()).code == 0) }
        let truth = rig.vendor.truth
        let requests = rig.vendor.counters.requests
        let key = rig.folder.appendingPathComponent("move.key").path
        #expect(try await Binary.run(["key", "generate", key]).code == 0)

        let new = try Instance(rig, "s2", shard: "2/3")
        var moved = 0
        for (index, instance) in old.enumerated() {
            let bundle = rig.folder.appendingPathComponent("\(index).bundle")
            let out = ["--for", "2/3", "--key", key, "--output", bundle.path]
            let early = try await instance.run("move", "out", out[0], out[1], out[2], out[3], out[4], out[5])
            #expect(early.code == 1 && early.errors.contains("nothing to hand over"))
            try instance.set(shard: "\(index)/3")
            #expect(try await instance.run("apply").code == 1, "letting go is held until it is accepted")
            #expect(try await instance.run("apply", "--accept", try await rig.revision()).code == 0)
            let gone = try await instance.run("move", "out", out[0], out[1], out[2], out[3], out[4], out[5])
            #expect(gone.code == 0, "\(gone.errors)")
            #expect(try await instance.run("audit", "verify").code == 0)
            for pin in truth.values.compactMap(\.pin) { #expect(try !text(bundle).contains(pin)) }
            let mode = try FileManager.default.attributesOfItem(atPath: bundle.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)

            let taken = try await new.run("move", "in", bundle.path, "--key", key)
            #expect(taken.code == 0, "\(taken.errors)")
            moved += try #require(taken.output.firstMatch(of: #/(\d+) numbers taken in/#).flatMap { Int($0.1) })
            let twice = try await new.run("move", "in", bundle.path, "--key", key)
            #expect(twice.code == 1 && twice.errors.contains("was taken in before"))
            let wrong = try await instance.run("move", "in", bundle.path, "--key", key)
            #expect(wrong.code == 1 && wrong.errors.contains("belongs to shard 2/3"))
        }
        #expect(rig.vendor.counters.requests == requests, "a move sends nothing")

        let started = try await new.run("apply")
        #expect(started.code == 0, "what is known need not be accepted: \(started.errors)")
        let managed = try await new.managed()
        #expect(managed.count == moved && moved > 0)
        #expect(rig.vendor.truth == truth, "every PIN is the one that was set before")
        for entry in rig.entries {
            let owner = Shard.owner(of: try #require(PhoneNumber(entry.number)), among: 3)
            let instance = owner == 2 ? new : old[owner]
            #expect(try await instance.managed()[entry.number]?["condition"] as? String == "converged")
            let shown = try await instance.shownPIN(entry.number)
            #expect(shown.isCertain && shown.pin == rig.truth(entry)?.pin, "\(entry.label)")
        }
        try await checkTrails(rig, from: old, to: new, Array(managed.keys))
        try await rig.end()
    }

    /// Who moved what is written down on both sides, and the side that gave says that it does not know any more.
    private func checkTrails(_ rig: Rig, from old: [Instance], to new: Instance, _ numbers: [String]) async throws {
        let requests = rig.vendor.counters.requests
        for number in numbers {
            let owner = Shard.owner(of: try #require(PhoneNumber(number)), among: 2)
            let left = try await old[owner].run("history", number, "--events", "--format", "csv").output
            #expect(left.contains("moved_out") && left.contains("uid"))
            let came = try await new.run("history", number, "--events", "--format", "csv").output
            #expect(came.contains("moved_in") && came.contains("state-s\(owner)"))
            #expect(try await !old[owner].shownPIN(number).isCertain)
            #expect(try await old[owner].run("status", number).output.contains("another store's since"))
        }
        for instance in old {
            #expect(try await instance.run("apply").code == 0)
            #expect(try await instance.run("audit", "verify").code == 0)
        }
        #expect(rig.vendor.counters.requests == requests, "the old stores do not touch them any more")
        #expect(try await new.run("audit", "verify").code == 0)
    }

    @Test("with running daemons on both sides, numbers go over their control sockets")
    func betweenDaemons() async throws {
        let rig = try await Rig(Rig.fleet(12))
        let source = try Instance(rig, "a", shard: nil)
        let target = try Instance(rig, "b", shard: nil, desiredState: "b-state.yaml")
        let part = { (labels: Set<String>) throws -> String in
            let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
            let (head, entries) = (text.components(separatedBy: "numbers:\n")[0], rig.entries)
            let lines = entries.filter { labels.contains($0.label) }.map {
                "  - {number: \"\($0.number)\", label: \($0.label), token: \($0.label)}\n"
            }
            return head + "numbers:\n" + lines.joined()
        }
        let going: Set = ["n1", "n2"]
        let all = Set(rig.entries.map(\.label))
        var daemons = [try await source.startDaemon()]
        try await rig.wait("the fleet is as desired") {
            try await source.managed().values.count { $0["condition"] as? String == "converged" } == 12
        }
        let key = rig.folder.appendingPathComponent("move.key").path
        #expect(try await Binary.run(["key", "generate", key]).code == 0)
        let bundle = rig.folder.appendingPathComponent("two.bundle")
        let (one, two) = (rig.entries[0], rig.entries[1])
        let out = { try await source.run("move", "out", one.number, two.number, "--key", key, "--output", bundle.path) }
        let refused = try await out()
        #expect(refused.code == 1 && refused.errors.contains("is in the desired state in force"))
        #expect(!FileManager.default.fileExists(atPath: bundle.path))

        // The one that stays behind alone keeps the target's file valid until the two are there.
        let state = rig.folder.appendingPathComponent("b-state.yaml")
        try rig.write(try part(all.subtracting(going)), to: rig.desiredState)
        try await rig.wait("the source lets go of two") { try await source.managed().count == 10 }
        let (truth, requests) = (rig.vendor.truth, rig.vendor.counters.requests)
        try rig.write("version: 1\nnumbers: []\n", to: state)
        daemons.append(try await target.startDaemon())
        let gone = try await out()
        #expect(gone.code == 0, "\(gone.errors)")
        #expect(try await source.revisions() == ["accepted", "accepted"], "handing over is no desired state")
        try await checkRefusals(rig, target, bundle, key)
        let taken = try await target.run("move", "in", bundle.path, "--key", key)
        #expect(taken.code == 0, "\(taken.errors)")
        #expect(rig.vendor.truth == truth && rig.vendor.counters.requests == requests)
        for entry in [one, two] {
            let shown = try await target.shownPIN(entry.number)
            #expect(shown.isCertain && shown.pin == rig.truth(entry)?.pin)
        }
        try rig.write(try part(going), to: state)
        try await rig.wait("the target has both") {
            try await target.managed().values.count { $0["condition"] as? String == "converged" } == 2
        }
        #expect(rig.vendor.truth == truth, "the PIN that was set is sent again, and stays")

        // Back in the source's file without a bundle, which nobody should do: it is made certain by a reset.
        try rig.write(try part(going.subtracting(["n1"])), to: state)
        try await rig.wait("the target lets go of one") { try await target.managed().count == 1 }
        try rig.write(try part(all.subtracting(["n2"])), to: rig.desiredState)
        try await rig.wait("the source has it again") {
            try await source.managed()[one.number]?["condition"] as? String == "converged"
        }
        #expect(rig.truth(one)?.pin != truth[one.token]?.pin)
        #expect(try await source.shownPIN(one.number).pin == rig.truth(one)?.pin)
        for daemon in daemons {
            daemon.signal(SIGTERM)
            #expect(await daemon.exitCode() == 0)
        }
        for instance in [source, target] { #expect(try await instance.run("audit", "verify").code == 0) }
        try await rig.end()
    }

    /// A wrong key, and a bundle that was changed or cut off: nothing of it is used.
    private func checkRefusals(_ rig: Rig, _ target: Instance, _ bundle: URL, _ key: String) async throws {
        let other = rig.folder.appendingPathComponent("other.key").path
        #expect(try await Binary.run(["key", "generate", other]).code == 0)
        let wrong = try await target.run("move", "in", bundle.path, "--key", other)
        #expect(wrong.code == 1 && wrong.errors.contains("is sealed under key"))
        let whole = try text(bundle)
        let bad = rig.folder.appendingPathComponent("bad.bundle")
        let lines = whole.split(separator: "\n").map(String.init)
        for content in [
            String(whole.dropLast(40)), lines.dropLast().joined(separator: "\n") + "\n",
            ([lines[0]] + lines[2...]).joined(separator: "\n") + "\n",
            whole.replacing("\"maybe_foreign\":false", with: "\"maybe_foreign\":true"),
        ] {
            try rig.write(content, to: bad)
            let result = try await target.run("move", "in", bad.path, "--key", key)
            #expect(result.code == 1 && result.errors.contains("nothing of it was used"), "\(result.errors)")
        }
        #expect(try await target.managed().isEmpty)
        let status = try await target.run("status", "--format", "json").json()
        #expect((status["numbers"] as? [Any])?.isEmpty == true)
    }
}
