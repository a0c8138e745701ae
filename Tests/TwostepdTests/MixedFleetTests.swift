import Foundation
import SimulatedVendor
import Testing

/// Numbers of both vendors in one fleet, at every kind of answer that the vendors may give.
@Suite("A fleet of both vendors, the real binary")
struct MixedFleetTests {
    private static let ids = ["106540352242921", "106540352242922", "106540352242923"]

    /// The vendors' possible treatments of a second enable and of a disable.
    static let semantics = VendorSemantics.allCases.map(\.description)

    private func rig(_ semantics: VendorSemantics) async throws -> Rig {
        var entries = Rig.fleet(3)
        for index in Self.ids.indices {
            entries.append(Rig.Entry(number: "+1555010200\(index)", label: "w\(index)"))
        }
        let timing = Rig.fastTiming.replacing("backoff_max: 500ms", with: "backoff_max: 5m")
        let rig = try await Rig(entries, semantics: semantics, timing: timing) { options in
            options.numbers = Self.ids.enumerated().map { index, id in
                SimulatedNumber(
                    id: id, number: "+1555010200\(index)", token: "secret-token-of-w0",
                    state: index == 0 ? .on(pin: "604182") : .off)
            }
        }
        return rig
    }

    private func write(_ rig: Rig, _ change: (inout Rig.Entry) -> Void = { _ in }) throws {
        try rig.writeDesiredState { entry in
            if let index = ["w0", "w1", "w2"].firstIndex(of: entry.label) {
                entry.extra = [
                    "vendor: whatsapp", "phone_number_id: \"\(Self.ids[index])\"",
                    "endpoint: \(rig.vendor.whatsappURL)",
                ]
            }
            change(&entry)
        }
        // One token serves the three.
        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        let shared = text.replacing("token: w1", with: "token: w0").replacing("token: w2", with: "token: w0")
        try rig.write(shared, to: rig.desiredState)
    }

    @Test(arguments: semantics)
    func `every number comes to rest, and pin show prints the PIN that is live`(_ text: String) async throws {
        let semantics = try VendorSemantics(parsing: text)
        let rig = try await rig(semantics)
        try write(rig)
        let apply = try await rig.run("apply", "--accept", try await rig.digest())
        let status = try await rig.run("status", "--format", "json").json()
        let numbers = try #require(status["numbers"] as? [[String: Any]])
        #expect(numbers.count == 6)
        let neverDisables = text.hasSuffix(",never")
        #expect(try await rig.run("doctor").output.contains("refuses to disable numbers") == neverDisables)
        let events = try await rig.run("history", "--events", "--format", "json").output
        #expect(events.contains("disable_refused") == neverDisables, "once, for all its numbers: \(events)")
        for number in numbers {
            let name = try #require(number["number"] as? String)
            let isWhatsApp = number["vendor"] as? String == "whatsapp"
            #expect(isWhatsApp == name.hasPrefix("+1555010200"), "\(number)")
            let rests = number["condition"] as? String == "held" && number["reason"] as? String == "disable_refused"
            let isConverged = number["condition"] as? String == "converged"
            #expect(isConverged || (rests && !isWhatsApp && neverDisables), "\(number) \(apply.errors)")
            guard isConverged else { continue }
            let shown = try await rig.run("pin", "show", name, "--reason", "a test", "--stdout").output
            let live = try #require(try truth(of: name, rig), "\(name) is enabled")
            #expect(shown.contains(live), "\(name): \(shown)")
        }
        try await rig.end()
    }

    @Test func `with the method that the vendor needs, a fleet whose vendor never disables converges`() async throws {
        let rig = try await rig(VendorSemantics(parsing: "replace,never"))
        try write(rig) { if !$0.label.hasPrefix("w") { $0.extra.append("rotation_method: replace") } }
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        #expect(rig.vendor.requests.allSatisfy { !String(decoding: $0.body, as: UTF8.self).contains("\"action\":1") })
        try await rig.end()
    }

    private func truth(of number: String, _ rig: Rig) throws -> String? {
        if let index = ["+15550102000", "+15550102001", "+15550102002"].firstIndex(of: number) {
            return rig.vendor.truth[Self.ids[index]]?.pin
        }
        return rig.entries.first { $0.number == number }.flatMap { rig.truth($0)?.pin }
    }
}
