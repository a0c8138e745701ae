import Foundation
import SimulatedVendor
import Testing

/// The daemon's reactions to an observer's answers, for numbers of both vendors.
@Suite("Observers, the real binary", .inTurn)
struct ObserverTests {
    private static let ids = ["n1": "106540352242921", "n2": "106540352242922", "w1": "106540352242923"]

    /// Two numbers of Picky Assist, the second one off, and one of WhatsApp; each is observed every second.
    private func rig() async throws -> Rig {
        let entries = [
            Rig.Entry(number: "+15550101001", label: "n1", start: .on(pin: "604181")),
            Rig.Entry(number: "+15550101002", label: "n2"), Rig.Entry(number: "+15550101003", label: "w1"),
        ]
        let rig = try await Rig(entries) { options in
            options.numbers = entries.compactMap { entry in
                guard let id = Self.ids[entry.label] else { return nil }
                return entry.label == "w1"
                    ? SimulatedNumber(id: id, number: "+1 555-010-1003", token: entry.token)
                    : SimulatedNumber(id: id, number: entry.number, token: "observer-token", of: entry.token)
            }
            options.numbers.append(SimulatedNumber(id: "7", number: "+15550109999", token: "observer-token"))
        }
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        let text = try String(contentsOf: secrets, encoding: .utf8)
        try rig.write(text + "  sees: observer-token\n", to: secrets)
        try write(rig, ids: Self.ids)
        return rig
    }

    private func write(_ rig: Rig, ids: [String: String]) throws {
        let defaults = ["observer: sees", "observer_endpoint: \(rig.vendor.whatsappURL)", "observe_every: 1s"]
        try rig.writeDesiredState(defaults: defaults) { entry in
            entry.extra = ids[entry.label].map { ["phone_number_id: \"\($0)\""] } ?? []
            if entry.label == "w1" { entry.extra += ["vendor: whatsapp", "endpoint: \(rig.vendor.whatsappURL)"] }
        }
    }

    @Test func `a number that is seen off is enabled without a disable, and one that a stranger turns off is on again`()
        async throws
    {
        let rig = try await rig()
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let bodies = rig.vendor.requests.map { String(decoding: $0.body, as: UTF8.self) }
        let second = bodies.filter { $0.contains(rig.entries[1].token) }
        #expect(second.count == 1 && second[0].contains(#""action":0"#), "\(second.count) requests")
        #expect(bodies.count == 4, "a reset of the first, and one enable of each other")

        let names = [rig.entries[0].token, Self.ids["w1"] ?? ""]
        for name in names { try rig.vendor.stranger(sets: name, to: .off) }
        try await rig.wait("both are on again") { names.allSatisfy { rig.vendor.truth[$0]?.pin != nil } }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(rig.vendor.requests.count == bodies.count + 2, "one enable of each")
        for entry in rig.entries {
            let name = entry.label == "w1" ? Self.ids["w1"] ?? "" : entry.token
            #expect(try await rig.shownPIN(entry) == rig.vendor.truth[name]?.pin, "\(entry.label)")
        }
        let drift = try await rig.query(
            "SELECT number || ' ' || detail FROM events WHERE kind = 'drift' ORDER BY number")
        #expect(drift.count == 2 && drift.allSatisfy { $0.contains("seen off by observer") }, "\(drift)")
        #expect(await rig.stop(daemon) == 0)
        let canaries = Canaries(texts: rig.entries.map(\.token) + ["observer-token"], pins: [])
        #expect(canaries.found(in: rig.logText, of: "the log") == [])
        try await rig.end()
    }

    @Test func `an observer that lags behind causes no request: it is asked again when what it shows proves something`()
        async throws
    {
        let rig = try await rig()
        rig.vendor.freezeLooks(true)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        rig.vendor.freezeLooks(false)
        let requests = rig.vendor.requests
        let (second, id) = (rig.entries[1].token, Self.ids["n2"] ?? "")
        let looks = rig.vendor.looks.count
        try await rig.wait("every number is observed twice more") {
            let ids = rig.vendor.looks.dropFirst(looks).map(\.uri)
            return Self.ids.values.allSatisfy { id in ids.count { $0.contains(id) } >= 2 }
        }
        #expect(rig.vendor.requests.count == requests.count, "it showed n2 as disabled after it was enabled")
        let enabled = try #require(requests.last { String(decoding: $0.body, as: UTF8.self).contains(second) }).at
        let asked = rig.vendor.looks.filter { $0.uri.contains(id) }.map(\.at)
        #expect(asked.allSatisfy { $0 < enabled || $0 >= enabled + .milliseconds(1500) }, "settle_delay is 1500ms")
        #expect(try await rig.query("SELECT kind FROM events WHERE kind = 'drift'") == [])
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `doctor asks about each number, and names an id that belongs to another one`() async throws {
        let rig = try await rig()
        let good = try await rig.run("doctor")
        #expect(good.code == 0 && good.output.contains("ids that belong to their numbers: 3 of 3"), "\(good)")
        try write(rig, ids: Self.ids.merging(["n2": "7"]) { $1 })
        let bad = try await rig.run("doctor")
        #expect(bad.code == 1, "\(bad.output)")
        #expect(bad.output.contains("phone_number_id 7 belongs to +15550109999, not to +15550101002"))
        #expect(bad.output.contains("belong to their numbers: 2 of 3") && rig.vendor.requests.isEmpty)
        try await rig.end()
    }
}
