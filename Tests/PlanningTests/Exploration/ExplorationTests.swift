import Planning
import Testing

/// Every reachable state of one number, by the real planner, transitions and belief, at every kind of vendor.
///
/// The spaces are closed: each walk ends because nothing new is left, not at a limit. The state of the record is taken
/// up to what can matter (see ``Node``); nothing else is left out, but for the operator's PIN, which has its own, smaller
/// sets of entries, because four kinds of entry and three values multiply to tens of millions of states.
struct ExplorationTests {
    /// What a walk found.
    struct Finding {
        let explorer: Explorer
        let quiet: Healing
        let adverse: Healing
    }

    static func explore(_ machine: RecordMachine, _ vendor: VendorSemantics) throws -> Finding {
        let explorer = Explorer(machine, vendor)
        try explorer.run()
        let finding = Finding(
            explorer: explorer, quiet: try Healing(of: explorer, lateRequestsLand: false),
            adverse: try Healing(of: explorer, lateRequestsLand: true)
        )
        print(
            """
            exploration: \(machine.scenario); \(vendor): \(explorer.states.count) states, depth \(explorer.depth), \
            \(explorer.violations.count) violations; requests to heal at most \(finding.quiet.worstWhenSettled) when \
            settled, \(finding.quiet.worst) when not, \(finding.adverse.worst) while late requests land
            """
        )
        return finding
    }

    /// Explores and expects soundness, and healing within the requests that are given for each vendor.
    static func expectSound(_ scenario: Scenario, _ bounds: [(VendorSemantics, quiet: Int, adverse: Int)]) throws {
        let machine = RecordMachine(scenario)
        for (vendor, quiet, adverse) in bounds {
            let finding = try explore(machine, vendor)
            let explorer = finding.explorer
            let violation = explorer.violations.first.map { "I1 is broken:\n" + explorer.path(to: $0) }
            #expect(violation == nil)
            let stuck = finding.adverse.stuck.first.map { "it rests and is not as desired:\n" + explorer.path(to: $0) }
            #expect(stuck == nil)
            let way = finding.quiet.worst > quiet ? try finding.quiet.worstPath() : ""
            #expect(finding.quiet.worst <= quiet, "\(way)")
            #expect(finding.adverse.worst <= adverse)
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
                (Self.vendor(.replaces, .accepts), quiet: 6, adverse: 6),
                (Self.vendor(.replaces, .refuses), quiet: 8, adverse: 11),
                (Self.vendor(.ignores, .accepts), quiet: 6, adverse: 6),
                (Self.vendor(.ignores, .refuses), quiet: 8, adverse: 11),
                (Self.vendor(.refuses, .accepts), quiet: 10, adverse: 13),
                (Self.vendor(.refuses, .refuses), quiet: 11, adverse: 17),
            ])
    }

    @Test func `Replace is sound and heals at a vendor that replaces or refuses`() throws {
        try Self.expectSound(
            .generated(.replace),
            [
                (Self.vendor(.replaces, .accepts), quiet: 4, adverse: 4),
                (Self.vendor(.replaces, .refuses), quiet: 8, adverse: 11),
                (Self.vendor(.refuses, .accepts), quiet: 10, adverse: 15),
                (Self.vendor(.refuses, .refuses), quiet: 10, adverse: 15),
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
        try Self.expectSound(.mixed, [(Self.vendor(.replaces, .refuses), quiet: 13, adverse: 17)])
    }

    @Test func `Both methods in turn are sound and heal at a vendor that refuses`() throws {
        try Self.expectSound(.mixed, [(Self.vendor(.refuses, .refuses), quiet: 13, adverse: 17)])
    }

    @Test func `A forced rotation is sound and heals`() throws {
        try Self.expectSound(
            .forced(.reset),
            [
                (Self.vendor(.ignores, .accepts), quiet: 6, adverse: 6),
                (Self.vendor(.refuses, .refuses), quiet: 11, adverse: 17),
            ])
    }

    @Test func `An operator's PIN whose value changes is sound and heals`() throws {
        try Self.expectSound(
            .operatorValueChanges(.reset), [(Self.vendor(.ignores, .accepts), quiet: 40, adverse: 40)])
    }

    @Test func `An operator's PIN that cannot be read at times is sound and heals`() throws {
        try Self.expectSound(
            .operatorValueVanishes(.reset), [(Self.vendor(.ignores, .accepts), quiet: 40, adverse: 40)])
    }
}
