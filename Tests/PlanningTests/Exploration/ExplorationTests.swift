import Planning
import Testing

/// Every reachable state of one number, by the real planner, transitions and belief, at every kind of vendor.
///
/// The spaces are closed: each walk ends because nothing new is left, not at a limit. The record is taken up to what
/// can matter (see ``Node``), and no more than four generations ever matter at once. Only the operator's PIN is
/// explored in two smaller sets of entries, because all its entries and values multiply to many millions of states.
struct ExplorationTests {
    /// What a walk found.
    struct Finding {
        let explorer: Explorer
        /// Nil when the walk found violations: beyond them nothing was explored.
        let healing: Healing?
    }

    static func explore(_ machine: RecordMachine, _ vendor: VendorSemantics) throws -> Finding {
        let explorer = Explorer(machine, vendor)
        try explorer.run()
        let healing = explorer.violations.isEmpty ? try Healing(of: explorer) : nil
        print(
            """
            exploration: \(machine.scenario); \(vendor): \(explorer.states.count) states, depth \(explorer.depth), \
            \(explorer.violations.count) violations; requests to heal at most \
            \(healing?.worstWhenSettled ?? -1) when settled, \(healing?.worst ?? -1) while late requests land
            """
        )
        return Finding(explorer: explorer, healing: healing)
    }

    /// Explores and expects soundness, and healing within the requests that are given for each vendor.
    static func expectSound(_ scenario: Scenario, _ bounds: [(VendorSemantics, settled: Int, worst: Int)]) throws {
        let machine = RecordMachine(scenario)
        for (vendor, settled, worst) in bounds {
            let finding = try explore(machine, vendor)
            let explorer = finding.explorer
            let violation = explorer.violations.first.map { "I1 is broken:\n" + explorer.path(to: $0) }
            #expect(violation == nil)
            guard let healing = finding.healing else { continue }
            let stuck = healing.stuck.first.map { "it rests and is not as desired:\n" + explorer.path(to: $0) }
            #expect(stuck == nil)
            #expect(healing.worstWhenSettled <= settled)
            let way = healing.worst > worst ? try healing.worstPath() : ""
            #expect(healing.worst <= worst, "\(way)")
        }
        #expect(machine.faults.first == nil)
    }

    static func vendor(
        _ enable: VendorSemantics.EnableWhenOn, _ disable: VendorSemantics.DisableWhenOff
    ) -> VendorSemantics {
        VendorSemantics(enableWhenOn: enable, disableWhenOff: disable)
    }

    @Test func `Reset is sound and heals at every vendor`() throws {
        try Self.expectSound(
            .generated(.reset),
            [
                (Self.vendor(.replaces, .accepts), settled: 3, worst: 6),
                (Self.vendor(.replaces, .refuses), settled: 5, worst: 11),
                (Self.vendor(.ignores, .accepts), settled: 3, worst: 6),
                (Self.vendor(.ignores, .refuses), settled: 5, worst: 11),
                (Self.vendor(.refuses, .accepts), settled: 4, worst: 13),
                (Self.vendor(.refuses, .refuses), settled: 5, worst: 17),
            ])
    }

    @Test func `Replace is sound and heals at a vendor that replaces or refuses`() throws {
        try Self.expectSound(
            .generated(.replace),
            [
                (Self.vendor(.replaces, .accepts), settled: 2, worst: 4),
                (Self.vendor(.replaces, .refuses), settled: 4, worst: 11),
                (Self.vendor(.refuses, .accepts), settled: 5, worst: 15),
                (Self.vendor(.refuses, .refuses), settled: 6, worst: 15),
            ])
    }

    @Test(arguments: VendorSemantics.DisableWhenOff.allCases)
    func `Replace is found unsound at a vendor that ignores a second enable`(
        disable: VendorSemantics.DisableWhenOff
    ) throws {
        let explorer = Explorer(RecordMachine(.generated(.replace)), Self.vendor(.ignores, disable))
        try explorer.run()
        print("exploration: replace; \(explorer.vendor): \(explorer.violations.count) violations, as it must be")
        #expect(explorer.violations.count > 0)
        let first = try #require(explorer.violations.first)
        #expect(explorer.path(to: first).contains("truth foreign"))
    }

    @Test func `Both methods in turn are sound and heal at a vendor that replaces`() throws {
        try Self.expectSound(.mixed, [(Self.vendor(.replaces, .refuses), settled: 5, worst: 17)])
    }

    @Test func `Both methods in turn are sound and heal at a vendor that refuses`() throws {
        try Self.expectSound(.mixed, [(Self.vendor(.refuses, .refuses), settled: 6, worst: 17)])
    }

    @Test func `A forced rotation is sound and heals`() throws {
        try Self.expectSound(
            .forced(.reset),
            [
                (Self.vendor(.ignores, .accepts), settled: 3, worst: 6),
                (Self.vendor(.refuses, .refuses), settled: 5, worst: 17),
            ])
    }

    @Test func `An operator's PIN whose value changes is sound and heals`() throws {
        try Self.expectSound(
            .operatorValueChanges(.reset), [(Self.vendor(.ignores, .accepts), settled: 3, worst: 6)])
    }

    @Test func `An operator's PIN that cannot be read at times is sound and heals`() throws {
        try Self.expectSound(
            .operatorValueVanishes(.reset), [(Self.vendor(.ignores, .accepts), settled: 3, worst: 6)])
    }
}
