import Foundation
import SimulatedVendor
import Testing

@Suite("A store that is new may be the wrong one, the real binary", .inTurn)
struct NewStoreTests {
    @Test func `a new store takes over five numbers only when that is accepted, and every command says that it is new`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(5))
        for command in ["check", "plan", "doctor", "status"] {
            let result = try await rig.run(command)
            let text = result.output + result.errors
            #expect(text.contains("there is no store in"), "\(command): \(text)")
            #expect(text.contains("if there was one before, it is not here"), "\(command): \(text)")
        }
        let plan = try await rig.run("plan")
        #expect(plan.output.contains("HELD: ") && plan.output.contains("this store is new"), "\(plan.output)")
        let daemon = try await rig.startDaemon(accepts: false)
        let digest = try await rig.digest()
        try await rig.wait("it is held") { try await rig.run("status").output.contains("the file is HELD") }
        let status = try await rig.run("status").output
        #expect(status.contains("so none is in force") && status.contains("twostepd accept \(digest)"), "\(status)")
        #expect(status.contains("this store is new, and would take over 5 numbers"), "\(status)")
        #expect(rig.logText.contains("nothing is in force, and nothing is sent"))
        #expect(rig.vendor.requests.isEmpty)
        let reload = try await rig.run("reload")
        #expect(reload.code == 1 && reload.errors.contains("twostepd accept \(digest)"), "\(reload)")
        let accepted = try await rig.run("accept", digest)
        #expect(accepted.code == 0, "\(accepted)")
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        // From now on the store is known: a start requires no acceptance.
        let again = try await rig.startDaemon(accepts: false)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(again) == 0)
        try await rig.end()
    }

    @Test func `with the volume away nothing is sent, and back again every PIN is the one that is shown`() async throws
    {
        let rig = try await Rig(Rig.fleet(5))
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        let requests = rig.vendor.requests.count
        let state = rig.folder.appendingPathComponent("state")
        let away = rig.folder.appendingPathComponent("state.away")
        try FileManager.default.moveItem(at: state, to: away)
        let pass = try await rig.run("apply")
        #expect(pass.code == 1 && pass.errors.contains("this store is new"), "\(pass)")
        #expect(pass.errors.contains("twostepd apply --accept"), "\(pass)")
        let daemon = try await rig.startDaemon(accepts: false)
        try await rig.wait("it is held") { try await rig.run("status").output.contains("the file is HELD") }
        #expect(await rig.stop(daemon) == 0)
        #expect(rig.vendor.requests.count == requests)
        try FileManager.default.removeItem(at: state)
        try FileManager.default.moveItem(at: away, to: state)
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        #expect(rig.vendor.requests.count == requests)
        try await rig.end()
    }

    @Test func `four numbers are taken over without a word`() async throws {
        let rig = try await Rig(Rig.fleet(4))
        #expect(try await rig.run("apply").code == 0)
        #expect(try await rig.disagreements() == [])
        try await rig.end()
    }
}
