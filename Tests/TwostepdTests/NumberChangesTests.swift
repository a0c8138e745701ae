import Foundation
import SimulatedVendor
import Testing

@Suite("Numbers that leave, return, and change what they are reached by, the real binary", .inTurn)
struct NumberChangesTests {
    @Test func `a number that leaves is untouched and kept, and re-applied when it returns`() async throws {
        let rig = try await Rig(Rig.fleet(6))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let (gone, pin) = (rig.entries[2], rig.truth(rig.entries[2])?.pin)
        let requests = try await Self.requests(rig, gone)

        let whole = try String(contentsOf: rig.desiredState, encoding: .utf8)
        try rig.write(Self.without(gone, whole), to: rig.desiredState)
        try await rig.wait("it is unmanaged") {
            try await rig.status()[gone.number]?["condition"] as? String == "unmanaged"
        }
        #expect(try await rig.shownPIN(gone) == pin, "its PIN is kept")
        #expect(rig.truth(gone)?.pin == pin && rig.truth(gone)?.pin != nil)
        #expect(try await Self.requests(rig, gone) == requests)

        try rig.write(whole, to: rig.desiredState)
        try await rig.wait("it is applied again") { try await Self.requests(rig, gone) > requests }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test func `a new value of a token is applied at once; a new label sends nothing`() async throws {
        let rig = try await Rig(Rig.fleet(4))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let changed = rig.entries[1]
        let counts = try await Self.counts(rig)

        var text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        text = text.replacingOccurrences(of: "label: n3", with: "label: sales-it")
        try rig.write(text, to: rig.desiredState)
        try await rig.wait("the label is in force") { try await rig.run("status").output.contains("sales-it") }

        // The vendor gave the number another token; the old one no longer works.
        rig.vendor.set(SimulatedToken(token: "another-token", state: .on(pin: "604189")))
        let secrets = rig.entries.map { "  \($0.label): \($0.label == changed.label ? "another-token" : $0.token)" }
        try rig.write(
            (["tokens:"] + secrets).joined(separator: "\n") + "\n",
            to: rig.folder.appendingPathComponent("secrets.yaml"))
        try await rig.wait("the new token has its PIN") {
            guard let pin = try await rig.shownPIN(changed) else { return false }
            return rig.vendor.truth["another-token"]?.pin == pin
        }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        var after = try await Self.counts(rig)
        #expect(after.removeValue(forKey: changed.number) ?? 0 > counts[changed.number] ?? 0)
        #expect(after == counts.filter { $0.key != changed.number }, "the others were not touched")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `behind a new endpoint any PIN may be live: the number is made certain there`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let moved = rig.entries[1]
        var options = SimulatedVendor.Options()
        options.tokens = [SimulatedToken(token: moved.token, state: .on(pin: "604189"))]
        options.semantics = .init(enableWhenOn: .ignore, disableWhenOff: .refuse)
        let other = try await SimulatedVendor(options)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let requests = rig.vendor.counters.requests

        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
            .replacingOccurrences(
                of: "    token: \(moved.label)\n", with: "    token: \(moved.label)\n    endpoint: \(other.url)\n")
        try rig.write(text, to: rig.desiredState)
        try await rig.wait("its PIN is the one that is live there") {
            guard let pin = other.truth[moved.token]?.pin else { return false }
            return try await rig.shownPIN(moved) == pin
        }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(rig.vendor.counters.requests == requests, "nothing more goes to the old one")
        #expect(
            try await rig.query("SELECT action FROM changes WHERE number = '\(moved.number)' ORDER BY id").suffix(2)
                == ["disable", "enable"])
        #expect(await rig.stop(daemon) == 0)
        try await other.stop()
        try await rig.end()
    }

    @Test func `a PIN passes to the operator by a rotation, and back to us without one until it is due`() async throws {
        var entries = Rig.fleet(2)
        entries[1].operatorPIN = "271828"
        let rig = try await Rig(entries)
        let whole = try String(contentsOf: rig.desiredState, encoding: .utf8)
        let generated = whole.replacingOccurrences(of: "    pin: n2-pin\n", with: "")
        try rig.write(generated, to: rig.desiredState)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let first = try #require(rig.truth(entries[1])?.pin)
        #expect(first != "271828")

        try rig.write(whole, to: rig.desiredState)
        try await rig.wait("the operator's PIN is live") { rig.truth(entries[1])?.pin == "271828" }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let requests = try await Self.requests(rig, entries[1])
        try rig.write(generated, to: rig.desiredState)
        let reload = try await rig.run("reload")
        #expect(reload.code == 0 && reload.errors.contains("in force"), "\(reload.errors)")
        #expect(try await rig.isConverged())
        #expect(rig.truth(entries[1])?.pin == "271828", "nobody asked for a change")
        #expect(try await Self.requests(rig, entries[1]) == requests)
        // The instant has whole seconds: the PIN has to be older than that.
        let moment = Date.now.addingTimeInterval(1).ISO8601Format()
        let rotating = generated.replacingOccurrences(
            of: "    token: n2\n", with: "    token: n2\n    rotate_before: \(moment)\n")
        try rig.write(rotating, to: rig.desiredState)
        try await rig.wait("it is a PIN of ours") {
            guard let pin = rig.truth(entries[1])?.pin else { return false }
            return pin != "271828"
        }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }

    @Test func `two entries for one number, one token, or one value of a token are refused`() async throws {
        let rig = try await Rig(Rig.fleet(3))
        let whole = try String(contentsOf: rig.desiredState, encoding: .utf8)
        for (old, new) in [("+15550101003", "+15550101002"), ("token: n3", "token: n2"), ("label: n3", "label: n2")] {
            try rig.write(whole.replacingOccurrences(of: old, with: new), to: rig.desiredState)
            let check = try await rig.run("check")
            #expect(check.code == 78 && check.errors.contains("desired-state.yaml:"), "\(old): \(check.errors)")
        }
        try rig.write(whole, to: rig.desiredState)
        #expect(try await rig.run("check").code == 0)
        try rig.write(
            "tokens:\n  n1: another\n  n2: the-same-value\n  n3: the-same-value\n",
            to: rig.folder.appendingPathComponent("secrets.yaml"))
        let same = try await rig.run("check")
        #expect(same.code == 78 && same.errors.contains("n2") && same.errors.contains("n3"), "\(same.errors)")
        #expect(!same.errors.contains("the-same-value"))
        #expect(try await rig.run("apply").code == 78)
        #expect(rig.vendor.counters.requests == 0)
        try await rig.end()
    }

    private static func without(_ entry: Rig.Entry, _ text: String) -> String {
        text.replacingOccurrences(
            of: "  - number: \"\(entry.number)\"\n    label: \(entry.label)\n    token: \(entry.label)\n", with: "")
    }

    private static func requests(_ rig: Rig, _ entry: Rig.Entry) async throws -> Int {
        try await counts(rig)[entry.number] ?? 0
    }

    /// Returns the count of requests by number.
    private static func counts(_ rig: Rig) async throws -> [String: Int] {
        let lines = try await rig.query("SELECT number || ' ' || count(*) FROM changes GROUP BY number")
        let pairs = lines.map { $0.split(separator: " ") }
        return Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? 0) })
    }
}
