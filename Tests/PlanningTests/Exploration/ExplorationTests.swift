import Planning
import Testing

/// Every reachable state of one number, by the real planner and belief, at every kind of vendor.
struct ExplorationTests {
    static func explore(_ scenario: Scenario) throws {
        let machine = RecordMachine(scenario)
        for vendor in VendorSemantics.all {
            let clock = ContinuousClock()
            let began = clock.now
            let explorer = Explorer(machine, vendor)
            try explorer.run()
            let t1 = clock.now
            let healing = try Healing(of: explorer, lateRequestsLand: false)
            print("\(scenario); \(vendor): \(explorer.states.count) states, \(machine.nodes.count) nodes, depth \(explorer.depth), violations \(explorer.violations.count), worst \(healing.worst)/\(try Healing(of: explorer, lateRequestsLand: true).worst), stuck \(healing.stuck.count), \(t1 - began) \(clock.now - t1)")
            if let v = explorer.violations.first { print(explorer.path(to: v)) }
            if let v = healing.stuck.first { print("STUCK"); print(explorer.path(to: v)) }
            if healing.worst > 4, explorer.violations.isEmpty { print("WORST"); print(try healing.worstPath()) }
        }
        print(Array(Set(machine.faults).prefix(5)))
    }

    @Test(arguments: [Scenario.generated(.reset), .generated(.replace), .mixed, .operatorOwned(.reset)])
    func all(_ scenario: Scenario) throws {
        do { try Self.explore(scenario) } catch { print("ERROR \(scenario) \(error)"); throw error }
    }
}
