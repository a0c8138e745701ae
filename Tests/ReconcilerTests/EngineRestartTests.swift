import Planning
import Reconciler
import Storage
import Testing

@Suite("Restart in every belief")
struct EngineRestartTests {
    /// The elements of a belief, as bits: off, foreign, on(1), on(2).
    static let beliefs = Array(1...15)

    struct Situation: CustomTestStringConvertible, Sendable {
        let bits: Int
        /// The index of the belief's element that is true.
        let truth: Int
        let verification: Verification
        let method: RotationMethod
        let vendor: HealthyVendor.Semantics

        var testDescription: String {
            let names = ["off", "foreign", "on(1)", "on(2)"]
            let belief = names.indices.filter { bits & 1 << $0 != 0 }.map { names[$0] }.joined(separator: ", ")
            return "{\(belief)}, truly \(names[truth]), to be \(verification) by \(method), vendor \(vendor)"
        }
    }

    /// Every belief with every truth in it; `replace` only where the vendor replaces, as the operator has stated.
    static let situations: [Situation] = beliefs.flatMap { bits in
        (0..<4).filter { bits & 1 << $0 != 0 }.flatMap { truth in
            Verification.allCases.flatMap { verification in
                RotationMethod.allCases.flatMap { method in
                    HealthyVendor.Semantics.all.filter { method == .reset || $0.enable == .replace }.map { vendor in
                        Situation(bits: bits, truth: truth, verification: verification, method: method, vendor: vendor)
                    }
                }
            }
        }
    }

    @Test(arguments: situations)
    func `a new process brings the number to its desired state in 6 requests or fewer`(_ situation: Situation) throws {
        let bench = try Bench()
        var entry = try Bench.desired(1, situation.verification)
        entry.rotationMethod = situation.method
        try bench.adopt([entry])
        let generations = [1, 2].filter { situation.bits & 1 << ($0 + 1) != 0 }
        try bench.believe(
            1, off: situation.bits & 1 != 0, foreign: situation.bits & 2 != 0, generations: generations
        ) { $0.dueAt = bench.now }
        var vendor = HealthyVendor(semantics: situation.vendor)
        switch situation.truth {
        case 0: vendor.pin = nil
        case 1: vendor.pin = PIN(digits: "503861")
        default: vendor.pin = try #require(try bench.record(1).generation(situation.truth - 1)).pin
        }

        try bench.start()
        try vendor.serve(bench, for: .seconds(6 * 3600))

        let record = try bench.record(1)
        #expect(record.isAsDesired)
        #expect(record.belief.doubts.isEmpty)
        #expect(record.belief.certainEffect?.generation.flatMap { record.generation($0)?.pin } == vendor.pin)
        #expect(bench.calls.count <= 6)
        #expect(try bench.store.reader.unansweredChanges().isEmpty)
    }
}

/// A vendor of one number on which nothing fails.
struct HealthyVendor {
    struct Semantics: Hashable, Sendable, CustomStringConvertible {
        enum Enable: String, Sendable, CaseIterable { case replace, ignore, refuse }

        let enable: Enable
        let refusesDisable: Bool

        static let all = Enable.allCases.flatMap { enable in
            [false, true].map { Semantics(enable: enable, refusesDisable: $0) }
        }

        var description: String { "\(enable)s enable, \(refusesDisable ? "refuses" : "accepts") disable" }
    }

    let semantics: Semantics
    /// The live PIN; nil when off.
    var pin: PIN?
    private var served = 0

    init(semantics: Semantics) {
        self.semantics = semantics
    }

    /// Answers every request at once, and wakes the engine whenever its timer is due, for this long.
    mutating func serve(_ bench: Bench, for duration: Duration) throws {
        let end = bench.now.advanced(by: duration)
        for _ in 0..<1000 {
            try bench.work()
            if served < bench.calls.count {
                let call = bench.calls[served]
                served += 1
                bench.answer(call, accepts(call.operation) ? .success : .vendorRefused)
            } else if let timer = bench.timer, timer <= end {
                try bench.wake()
            } else {
                return
            }
        }
        Issue.record("the engine does not come to rest")
    }

    private mutating func accepts(_ content: VendorOperation) -> Bool {
        switch (content, pin) {
        case (.disable, nil): return !semantics.refusesDisable
        case (.disable, .some):
            pin = nil
            return true
        case (.enable(let new), nil):
            pin = new
            return true
        case (.enable(let new), .some):
            if semantics.enable == .replace { pin = new }
            return semantics.enable != .refuse
        }
    }
}
