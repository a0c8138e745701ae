import Foundation
import Glibc
import Planning
import SimulatedVendor
import Storage
import Testing

/// The messages of commands when the daemon is not where they expect it, or has nothing to do.
@Suite("What is so, the real binary", .inTurn)
struct ReachTests {
    @Test func `a store that another process works on is no reason to start a daemon: the process is named`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let location = StoreLocation(directory: rig.folder.appendingPathComponent("state").path)
        let now = Instant(millisecondsSinceEpoch: 0)
        let lock = try StoreLock.acquire(at: location, command: "key rotate", pid: getpid(), now: now)
        let held = try await rig.run("reload")
        #expect(held.code == 69 && held.errors.contains("another process works on"), "\(held.errors)")
        #expect(held.errors.contains("key rotate, pid \(getpid())") && held.errors.contains("wait until it has ended"))
        try lock.release()
        let none = try await rig.run("reload")
        #expect(none.code == 69 && none.errors.contains("start it with `twostepd run`"), "\(none.errors)")
        try await rig.end()
    }

    @Test func `a daemon under another runtime_directory is named, and the setting to compare`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        let other = rig.folder.appendingPathComponent("other.yaml")
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings.replacing("runtime_directory: run", with: "runtime_directory: elsewhere"), to: other)
        let result = try await Binary.run(["reload", "--config", other.path])
        #expect(result.code == 69 && result.errors.contains("compare runtime_directory"), "\(result.errors)")
        #expect(result.errors.contains("run, pid \(daemon.pid)"), "\(result.errors)")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a state directory that was moved under a running daemon is told by status, doctor and history`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let state = rig.folder.appendingPathComponent("state")
        let away = rig.folder.appendingPathComponent("away")
        try FileManager.default.moveItem(at: state, to: away)
        let status = try await rig.run("status").output
        #expect(
            status.contains("daemon: run, pid \(daemon.pid)") && status.contains("NO LONGER IN \(state.path)"),
            "\(status)")
        #expect(!status.contains("not running") && !status.contains("no numbers yet"), "\(status)")
        let json = try await rig.run("status", "--format", "json").json()
        let process = try #require(json["daemon"] as? [String: Any])
        #expect(process["running"] as? Bool == true && process["pid"] as? Int == Int(daemon.pid))
        let doctor = try await rig.run("doctor")
        #expect(doctor.code == 1 && doctor.output.contains("NO LONGER IN \(state.path)"), "\(doctor.output)")
        let history = try await rig.run("history")
        #expect(history.code == 1 && history.errors.contains("moved or unmounted"), "\(history.errors)")
        // What can still be read there does not work again: nothing can be written to it.
        #expect(try await rig.run("rotate", "n1", "--reason", "drill").code == 1)
        try await rig.wait("the store is retried") { rig.logText.components(separatedBy: "Store failed").count > 2 }
        #expect(!rig.logText.contains("Store works again"))
        try FileManager.default.moveItem(at: away, to: state)
        #expect(try await !rig.run("status").output.contains("NO LONGER IN"))
        try await rig.wait("it is found to work") { rig.logText.contains("Store works again") }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `without a desired state in force nothing is said to stay in force`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        try rig.write("numbers: [\n", to: rig.desiredState)
        let daemon = try await rig.startDaemon()
        let reload = try await rig.run("reload")
        #expect(reload.code == 78 && reload.errors.contains("none is in force and nothing is sent"), "\(reload.errors)")
        let status = try await rig.run("status").output
        #expect(status.contains("the file is NOT VALID, so none is in force"), "\(status)")
        let plan = try await rig.run("plan")
        #expect(plan.code == 78 && plan.errors.contains("none is in force"), "\(plan.errors)")
        let all = try await rig.run("reset", "--all", "--yes")
        #expect(all.code == 1 && all.errors.contains("nothing was ordered"), "\(all.errors)")

        try rig.writeDesiredState()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try rig.write("numbers: [\n", to: rig.desiredState)
        let later = try await rig.run("reload")
        #expect(later.code == 78 && later.errors.contains("revision 1 stays in force"), "\(later.errors)")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `an order that would do nothing is refused, and one that has to wait says for what`() async throws {
        let rig = try await Rig(Rig.fleet(2, disabled: 2))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        for order in [["resume"], ["resume", "n1", "n2"], ["rotate", "--all", "--yes"]] {
            let result = try await Binary.run(order + ["--config", rig.config.path])
            #expect(result.code == 1 && result.errors.contains("nothing was ordered"), "\(order): \(result.errors)")
        }
        #expect(try await rig.run("pause", "n1").code == 0)
        let waiting = try await rig.run("reapply", "n1")
        #expect(
            waiting.code == 0 && waiting.errors.contains("it waits, until it is resumed: \(rig.entries[0].number)"),
            "\(waiting.errors)")
        let resumed = try await rig.run("resume", "n1", "n2")
        #expect(
            resumed.code == 0 && resumed.errors.contains("not paused: \(rig.entries[1].number)"), "\(resumed.errors)")
        #expect(try await rig.run("pause").code == 0)
        #expect(try await rig.run("reapply", "n1").errors.contains("all numbers are paused"))
        #expect(try await rig.run("resume").code == 0)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
