import Foundation
import Glibc
import Testing

@Suite("Machines of another size, the real binary", .inTurn)
struct MachineTests {
    /// Returns the count of a process's threads at this moment.
    private static func threads(_ pid: Int32) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").count
    }

    @Test func `with 64 processors the daemon has at most 40 threads, under many callers as well`() async throws {
        let rig = try await Rig(Rig.fleet(4))
        let port = try FreePort.find()
        let text = try String(contentsOf: rig.config, encoding: .utf8)
            .replacing("listen: \"off\"", with: "listen: 127.0.0.1:\(port)")
        try rig.write(text, to: rig.config)
        let machine = try await OtherMachine(for: rig, processors: 64, threads: 64)
        let daemon = try await rig.startDaemon(environment: machine.environment)
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }

        let callers = Task {
            try await Shell.run(
                "curl",
                [
                    "--silent", "--no-progress-meter", "--show-error", "--fail", "--max-time", "60", "--output",
                    "/dev/null", "--parallel",
                    "--parallel-immediate", "--parallel-max", "120", "http://127.0.0.1:\(port)/v1/status?[1-1200]",
                ])
        }
        let watch = Task {
            var most = 0
            while !Task.isCancelled {
                most = max(most, try Self.threads(daemon.pid))
                try? await Task.sleep(for: .milliseconds(2))  // Ends early when it is cancelled.
            }
            return most
        }
        _ = try await callers.value
        watch.cancel()
        let most = try await watch.value
        #expect(most >= 8, "it was looked at")
        #expect(most <= 40, "TasksMax=128 of the units leaves room for the programs of hooks")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `threads that cannot be had are an error with a text, of the daemon, of commands and of the simulator`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let machine = try await OtherMachine(for: rig, processors: 64, threads: 12)
        let refused = try await Binary.run(["run", "--config", rig.config.path], environment: machine.environment)
        #expect(refused.code == 1)
        #expect(
            refused.errors.contains("the system refuses the 32 threads that are needed (Resource temporarily")
                && refused.errors.contains("raise TasksMax of the unit"), "\(refused.errors)")
        let doctor = try await Binary.run(["doctor", "--config", rig.config.path], environment: machine.environment)
        #expect(doctor.code == 1 && doctor.output.contains("the system refuses the 32 threads"), "\(doctor.output)")

        let none = try await OtherMachine(for: rig, processors: 64, threads: 1)
        for command in [["reload", "--config", rig.config.path], ["simulate", "--port", "0"], ["check"]] {
            let result = try await Binary.run(command, environment: none.environment)
            #expect(result.code == 1 && result.errors.contains("the system refuses the 8 threads"), "\(result.errors)")
        }
        try await rig.end()
    }

    /// Returns the processor time that a process has used, in hundredths of a second.
    private static func ticks(_ pid: Int32) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = text.drop { $0 != ")" }.split(separator: " ")
        return (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
    }

    @Test func `a limit of descriptors that is too low is logged at the start, and connections that wait cost no time`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let port = try FreePort.find()
        let text = try String(contentsOf: rig.config, encoding: .utf8)
            .replacing("listen: \"off\"", with: "listen: 127.0.0.1:\(port)")
        try rig.write(text, to: rig.config)
        let (errors, output) = (try Child.open(rig.log), try Child.open(rig.folder.appendingPathComponent("out")))
        let daemon = try Child(
            program: "/bin/sh",
            ["-c", "ulimit -n 48; exec \"$0\" run --config \"$1\"", Binary.url.path, rig.config.path],
            environment: ProcessInfo.processInfo.environment, output: output, errors: errors)
        defer { [errors, output].forEach { close($0) } }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(rig.logText.contains("Too few open files are permitted"))
        #expect(rig.logText.contains("permitted=48"))

        let callers = try (1...60).map { _ in try ConnectedSocket(port: port) }
        try await rig.wait("descriptors have run out") {
            rig.logText.contains("Connections wait: no file descriptor is left")
        }
        let before = try Self.ticks(daemon.pid)
        let began = ContinuousClock.now
        try await rig.wait("three seconds have passed") { ContinuousClock.now - began > .seconds(3) }
        let used = try Self.ticks(daemon.pid) - before
        #expect(used < 60, "\(used) hundredths of a second in three seconds")
        for caller in callers { caller.close() }
        try await rig.wait("it answers again") {
            (try? await Shell.run("curl", ["--silent", "--max-time", "5", "http://127.0.0.1:\(port)/healthz"]))
                == "ok\n"
        }
        #expect(rig.logText.components(separatedBy: "Connections wait").count <= 3, "it is not logged each time")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
