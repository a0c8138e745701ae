import Foundation
import SimulatedVendor
import Testing

@Suite("twostepd run, the real binary against the simulated vendor", .inTurn)
struct RunTests {
    @Test func `an edit is noticed although the settings and the file are named by relative paths`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let log = try Child.open(rig.log)
        defer { close(log) }
        // The daemon replaces the shell, and starts in the folder of its settings.
        let daemon = try Child(
            program: "/bin/sh",
            ["-c", "cd '\(rig.folder.path)' && exec '\(Binary.url.path)' run --config twostepd.yaml"],
            environment: ProcessInfo.processInfo.environment, output: log, errors: log)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try rig.writeDesiredState { if $0.label == "n2" { $0.isDisabled = true } }
        try await rig.wait("n2 is off at the vendor") { rig.truth(rig.entries[1]) == .off }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `an edit of the file reaches the vendor; a broken edit changes nothing and says where it is wrong`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(4))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }

        try rig.writeDesiredState { if $0.label == "n2" { $0.isDisabled = true } }
        try await rig.wait("n2 is off at the vendor") { rig.truth(rig.entries[1]) == .off }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let requests = rig.vendor.counters.requests

        try rig.write("version: 1\nnumbers:\n  - number: 12\n", to: rig.desiredState)
        try await rig.wait("the log says what is wrong") {
            rig.logText.contains("desired-state.yaml:3:") && rig.logText.contains("Desired state is not valid")
        }
        let status = try await rig.run("status")
        #expect(status.output.contains("desired-state.yaml:3:"))
        let json = try await rig.run("status", "--format", "json").json()
        #expect((json["desired_state"] as? [String: Any])?["valid"] as? Bool == false)
        try FileManager.default.removeItem(at: rig.desiredState)
        try await rig.wait("the log says that it is missing") {
            rig.logText.contains("no such file") || rig.logText.contains("does not exist")
        }
        #expect(rig.vendor.counters.requests == requests)
        #expect(await rig.stop(daemon) == 0)

        let second = try await rig.startDaemon()
        #expect(try await rig.isConverged(), "the last good state survives a restart")
        #expect(rig.vendor.counters.requests == requests)
        try rig.writeDesiredState()
        try await rig.wait("n2 is on again") { rig.truth(rig.entries[1])?.pin != nil }
        #expect(await rig.stop(second) == 0)
        try await rig.end()
    }

    @Test func `a file that is reached through a symbolic link is noticed when the link is turned`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        let manager = FileManager.default
        let (first, second) = (rig.folder.appendingPathComponent("v1"), rig.folder.appendingPathComponent("v2"))
        for version in [first, second] { try manager.createDirectory(at: version, withIntermediateDirectories: false) }
        try manager.moveItem(at: rig.desiredState, to: first.appendingPathComponent("desired-state.yaml"))
        let link = rig.folder.appendingPathComponent("current")
        try manager.createSymbolicLink(at: link, withDestinationURL: first)
        try manager.createSymbolicLink(
            at: rig.desiredState, withDestinationURL: link.appendingPathComponent("desired-state.yaml"))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }

        var text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        text += "    verification: disabled\n"
        try rig.write(text, to: second.appendingPathComponent("desired-state.yaml"))
        try manager.createSymbolicLink(at: rig.folder.appendingPathComponent("next"), withDestinationURL: second)
        #expect(rename(rig.folder.appendingPathComponent("next").path, link.path) == 0)
        try await rig.wait("the last number is off") { rig.truth(rig.entries[1]) == .off }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `SIGHUP reads the file again, and SIGTERM stops cleanly`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        daemon.signal(SIGHUP)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        #expect(rig.logText.contains("Stopped"))
        try await rig.end()
    }

    @Test func `rotating through every fault, it ends certain, each shown PIN the live one`() async throws {
        let rig = try await Rig(
            Rig.fleet(6), semantics: .init(enableWhenOn: .ignore, disableWhenOff: .refuse),
            defaults: ["rotate_every: 1s", "reapply_every: 3s"])
        // A number that is blocked for hours would still wait at the end.
        rig.vendor.setFaults(Fault.every(0.015).filter { $0.key != .blocked })
        let daemon = try await rig.startDaemon()
        try await rig.wait("enough has happened", seconds: 60) {
            rig.vendor.counters.requests > 150 && rig.vendor.counters.faults > 25
        }
        rig.vendor.setFaults([:])
        try rig.writeDesiredState(defaults: ["rotate_every: never"])
        try await rig.wait("the edit is in force") {
            let json = try await rig.run("status", "--format", "json").json()
            return (json["desired_state"] as? [String: Any])?["revision"] as? Int == 3
        }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await rig.disagreements() == [])
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements() == [], "also without a daemon")
        for entry in rig.entries {
            #expect(!rig.logText.contains(entry.token), "no token in the log")
            if let pin = rig.truth(entry)?.pin {
                #expect(!rig.logText.split { !$0.isNumber }.contains { $0 == pin }, "no PIN in the log")
            }
        }
        try await rig.end()
    }

    @Test func `tells the service manager that it is ready, reloading and stopping`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let socket = try NotifySocket(path: rig.folder.appendingPathComponent("notify").path)
        let daemon = try Child(
            ["run", "--config", rig.config.path], output: rig.folder.appendingPathComponent("daemon.out"),
            errors: rig.log,
            environment: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "200000", "JOURNAL_STREAM": "1:2"])
        try await rig.wait("READY=1") { socket.received.contains { $0.hasPrefix("READY=1") } }
        try await rig.wait("WATCHDOG=1") { socket.received.contains("WATCHDOG=1") }
        daemon.signal(SIGHUP)
        try await rig.wait("RELOADING=1") {
            socket.received.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") }
        }
        daemon.signal(SIGTERM)
        try await rig.wait("STOPPING=1") { socket.received.contains { $0.hasPrefix("STOPPING=1") } }
        #expect(await daemon.exitCode() == 0)
        #expect(rig.logText.split(separator: "\n").allSatisfy { $0.first == "<" }, "each line has its journal priority")
        try await rig.end()
    }
}
