import Planning

/// Every reachable state of one number, by the real planner, transitions and belief, under one scenario.
///
/// The spaces are closed: each walk ends because no new state is left, not at a limit. Records are normalised to the
/// parts that can matter (see ``Node``), and at most four generations ever matter at once. Only the operator's PIN is
/// explored in two smaller sets of entries, because the product of all its entries and values has many millions of
/// states.
public struct Exploration: Sendable, CustomStringConvertible {
    /// The expected result of one walk, for one kind of vendor.
    enum Expectation: Sendable {
        /// Soundness, and healing within these counts of requests: once no doubt is left, and from any state.
        case sound(VendorSemantics, settled: Int, worst: Int)
        /// States in which a PIN is live that is not in the belief.
        case unsound(VendorSemantics)
    }

    let scenario: Scenario
    let expectations: [Expectation]

    public var description: String {
        for case .unsound in expectations { return "\(scenario), where it is unsound" }
        return scenario.name
    }

    /// Walks to the end for one kind of vendor after the other, until an expectation fails.
    ///
    /// - Parameter report: receives the figures of each walk, one line each.
    /// - Returns: the failed expectations, each beginning with its invariant; empty when all hold.
    public func run(report: (String) -> Void) throws -> [String] {
        let machine = RecordMachine(scenario)
        var complaints: [String] = []
        for expectation in expectations {
            switch expectation {
            case .sound(let vendor, let settled, let worst):
                complaints += try walk(machine, vendor, settled: settled, worst: worst, report)
            case .unsound(let vendor):
                complaints += try findUnsound(machine, vendor, report)
            }
            if complaints.isEmpty, let fault = machine.faults.first { complaints.append(fault) }
            guard complaints.isEmpty else { break }
        }
        return complaints
    }

    private func walk(
        _ machine: RecordMachine, _ vendor: VendorSemantics, settled: Int, worst: Int, _ report: (String) -> Void
    ) throws -> [String] {
        let explorer = Explorer(machine, vendor)
        try explorer.run()
        if let violation = explorer.violations.first {
            // Nothing was explored beyond violations, so their healing is not known.
            return ["I1 the truth is not believed (\(scenario); \(vendor)):\n" + explorer.path(to: violation)]
        }
        if let fault = machine.faults.first { return [fault] }
        let healing = try Healing(of: explorer)
        report(
            """
            exploration: \(scenario); \(vendor): \(explorer.states.count) states, depth \(explorer.depth); requests \
            to heal at most \(healing.worstWhenSettled) when settled, \(healing.worst) while late requests land
            """)
        var complaints: [String] = []
        if let stuck = healing.stuck.first {
            complaints.append("I3 it rests and is not as desired (\(vendor)):\n" + explorer.path(to: stuck))
        }
        if healing.worstWhenSettled > settled {
            let way = try healing.path(from: healing.worstSettledState)
            complaints.append(
                "I3 \(healing.worstWhenSettled) requests to heal when settled; \(settled) were enough (\(vendor)):\n\(way)"
            )
        }
        if healing.worst > worst {
            let way = try healing.path(from: healing.worstState)
            complaints.append("I3 \(healing.worst) requests to heal; \(worst) were enough (\(vendor)):\n\(way)")
        }
        return complaints
    }

    /// Checks that an unsound vendor is found: an explorer that could not fail would prove nothing.
    private func findUnsound(
        _ machine: RecordMachine, _ vendor: VendorSemantics, _ report: (String) -> Void
    ) throws -> [String] {
        let explorer = Explorer(machine, vendor)
        try explorer.run(pastViolations: true)
        report("exploration: \(scenario); \(vendor): \(explorer.violations.count) violations, as it must be")
        guard let first = explorer.violations.first else { return ["explorer: it is not found unsound (\(vendor))"] }
        let path = explorer.path(to: first)
        return path.contains("truth foreign") ? [] : ["explorer: it is unsound in another way (\(vendor)):\n\(path)"]
    }
}

extension Exploration {
    /// A few small walks: the vendors that do not disable, and one that must be found unsound.
    public static let short: [Exploration] = [
        Exploration(
            scenario: .generated(.reset),
            expectations: [
                .sound(vendor(.replaces, .never), settled: 6, worst: 7),
                .sound(vendor(.refuses, .never), settled: 6, worst: 6),
            ]),
        Exploration(scenario: .whatsapp, expectations: [.sound(vendor(.replaces, .never), settled: 2, worst: 3)]),
        Exploration(scenario: .generated(.replace), expectations: [.unsound(vendor(.ignores, .never))]),
    ]

    /// All walks. The first one takes as long as all others together, so that two processors share the work evenly.
    public static let all: [Exploration] = [
        Exploration(
            scenario: .observed(.enabled(.reset), strangers: true),
            expectations: [
                .sound(vendor(.ignores, .accepts), settled: 3, worst: 6),
                .sound(vendor(.refuses, .refuses), settled: 6, worst: 16),
                .sound(vendor(.replaces, .never), settled: 6, worst: 7),
            ]),
        Exploration(
            scenario: .generated(.reset),
            expectations: [
                .sound(vendor(.replaces, .accepts), settled: 3, worst: 6),
                .sound(vendor(.replaces, .refuses), settled: 5, worst: 9),
                .sound(vendor(.ignores, .accepts), settled: 3, worst: 6),
                .sound(vendor(.ignores, .refuses), settled: 5, worst: 9),
                .sound(vendor(.refuses, .accepts), settled: 6, worst: 15),
                .sound(vendor(.refuses, .refuses), settled: 6, worst: 17),
                .sound(vendor(.replaces, .never), settled: 6, worst: 7),
                .sound(vendor(.ignores, .never), settled: 6, worst: 7),
                .sound(vendor(.refuses, .never), settled: 6, worst: 6),
            ]),
        Exploration(
            scenario: .generated(.replace),
            expectations: [
                .sound(vendor(.replaces, .accepts), settled: 2, worst: 4),
                .sound(vendor(.replaces, .refuses), settled: 4, worst: 9),
                .sound(vendor(.refuses, .accepts), settled: 7, worst: 17),
                .sound(vendor(.refuses, .refuses), settled: 8, worst: 19),
                .sound(vendor(.replaces, .never), settled: 5, worst: 5),
                .sound(vendor(.refuses, .never), settled: 5, worst: 5),
            ]),
        Exploration(
            scenario: .whatsapp,
            expectations: [.sound(vendor(.replaces, .never), settled: 2, worst: 3)]),
        Exploration(
            scenario: .identities(.reset),
            expectations: [
                .sound(vendor(.ignores, .accepts), settled: 3, worst: 6),
                .sound(vendor(.refuses, .refuses), settled: 6, worst: 17),
            ]),
        Exploration(
            scenario: .observed(.generated(.reset)),
            expectations: [
                .sound(vendor(.ignores, .accepts), settled: 3, worst: 5),
                .sound(vendor(.refuses, .refuses), settled: 6, worst: 15),
                .sound(vendor(.replaces, .never), settled: 6, worst: 7),
            ]),
        Exploration(
            scenario: .observed(.whatsapp),
            expectations: [.sound(vendor(.replaces, .never), settled: 2, worst: 3)]),
        Exploration(
            scenario: .observed(.whatsapp, strangers: true),
            expectations: [.sound(vendor(.replaces, .never), settled: 2, worst: 3)]),
        Exploration(
            scenario: .generated(.replace),
            expectations: VendorSemantics.Disable.allCases.map { .unsound(vendor(.ignores, $0)) }),
        Exploration(
            scenario: .mixed,
            expectations: [
                .sound(vendor(.replaces, .refuses), settled: 5, worst: 9),
                .sound(vendor(.refuses, .refuses), settled: 8, worst: 19),
            ]),
        Exploration(
            scenario: .forced(.reset),
            expectations: [
                .sound(vendor(.ignores, .accepts), settled: 3, worst: 6),
                .sound(vendor(.refuses, .refuses), settled: 6, worst: 17),
            ]),
        Exploration(
            scenario: .operatorValueChanges(.reset),
            expectations: [.sound(vendor(.ignores, .accepts), settled: 3, worst: 6)]),
        Exploration(
            scenario: .operatorValueVanishes(.reset),
            expectations: [.sound(vendor(.ignores, .accepts), settled: 3, worst: 6)]),
    ]

    private static func vendor(
        _ enable: VendorSemantics.EnableWhenOn, _ disable: VendorSemantics.Disable
    ) -> VendorSemantics {
        VendorSemantics(enableWhenOn: enable, disable: disable)
    }
}
