import Foundation
import Glibc
import SimulatedVendor
import Testing

/// Signals that arrive at the start, and signals that end work in progress.
@Suite("Signals, the real binary", .inTurn)
struct SignalTests {
    /// Starts a command with SIGTERM blocked from its first instant, and sends it before the command watches for it.
    private func startAndStop(_ rig: Rig, _ arguments: [String]) async throws -> Child {
        let output = try Child.open(rig.log)
        defer { close(output) }
        let child = try Child(
            program: "/usr/bin/env", ["--block-signal=TERM", Binary.url.path] + arguments, environment: [:],
            output: output, errors: output)
        try await rig.wait("it is blocked, or ready already") {
            if rig.logText.contains("Ready") { return true }
            let status = try String(contentsOfFile: "/proc/\(child.pid)/status", encoding: .utf8)
            let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:") }
            let mask = line.flatMap { UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) }
            return mask.map { $0 & (1 << UInt64(SIGTERM - 1)) != 0 } ?? false
        }
        child.signal(SIGTERM)
        return child
    }

    @Test func `a SIGTERM that comes before the daemon watches for it stops it cleanly`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await startAndStop(rig, ["run", "--config", rig.config.path])
        #expect(await daemon.exitCode() == 0, "\(rig.logText)")
        #expect(rig.logText.contains("Stopped"))
        try await rig.end()
    }

    @Test func `SIGHUP, which a broken connection sends, ends apply like SIGTERM: no number is left disabled`()
        async throws
    {
        for number in [SIGHUP, SIGTERM, SIGINT] {
            let rig = try await Rig([Rig.Entry(number: "+15550101001", label: "n1", start: .on(pin: "604181"))])
            let pass = try Child(["apply", "--config", rig.config.path], output: rig.log, errors: rig.log)
            try await rig.wait("it is disabled") { rig.vendor.counters.applied == 1 || !pass.isRunning }
            pass.signal(number)
            let code = await pass.exitCode()
            #expect(code == 0 || code == 1, "signal \(number) killed it: \(rig.logText)")
            #expect(rig.truth(rig.entries[0]) != .off, "signal \(number): \(rig.logText)")
            #expect(try await rig.disagreements() == [])
            try await rig.end()
        }
    }

    @Test func `what nohup starts goes on after SIGHUP, and a command that follows the history ends by it`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        rig.vendor.setFaults([.hang: 1])
        let output = try Child.open(rig.log)
        defer { close(output) }
        let arguments = ["--ignore-signal=HUP", Binary.url.path, "apply", "--config", rig.config.path]
        let pass = try Child(
            program: "/usr/bin/env", arguments, environment: [:], output: output, errors: output)
        try await rig.wait("a request is under way") { rig.vendor.counters.requests > 0 }
        pass.signal(SIGHUP)
        rig.vendor.setFaults([:])
        #expect(await pass.exitCode() == 0, "\(rig.logText)")
        let file = rig.folder.appendingPathComponent("history")
        let history = try Child(["history", "--follow", "--config", rig.config.path], output: file, errors: file)
        try await rig.wait("it follows, and catches the signal") {
            let status = try String(contentsOfFile: "/proc/\(history.pid)/status", encoding: .utf8)
            let caught = status.firstMatch(of: /SigCgt:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
            return try String(contentsOf: file, encoding: .utf8).contains("enable") && caught & 1 == 1
        }
        history.signal(SIGHUP)
        #expect(await history.exitCode() == 0)
        try await rig.end()
    }

    @Test func `a demonstration that is stopped leaves neither daemon nor folder behind`() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "twostepd-signal-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let log = folder.appendingPathComponent("out")
        let demo = try Child(["demo"], output: log, errors: log, environment: ["TMPDIR": folder.path])
        let deadline = ContinuousClock.now + .seconds(60)
        var text = ""
        while !text.contains("all 12 are as desired"), .now < deadline {
            try await Task.sleep(for: .milliseconds(50))
            text = try String(contentsOf: log, encoding: .utf8)
        }
        let pid = try #require(text.firstMatch(of: /daemon \(pid (\d+)\)/).flatMap { Int32($0.1) })
        demo.signal(SIGHUP)
        #expect(await demo.exitCode() == 1)
        #expect(try String(contentsOf: log, encoding: .utf8).contains("was stopped before its end"))
        #expect(kill(pid, 0) != 0, "its daemon has ended")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out"])
        try FileManager.default.removeItem(at: folder)
    }
}
