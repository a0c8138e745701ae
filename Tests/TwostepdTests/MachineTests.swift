import Foundation
import Glibc
import Testing

@Suite("Machines of another size, the real binary", .inTurn)
struct MachineTests {
    /// How many threads a process has just now.
    private static func threads(_ pid: Int32) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task").count
    }

    @Test("with 64 processors the daemon has at most 40 threads, under many callers as well")
    func manyProcessors() async throws {
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

    @Test("threads that cannot be had are an error with a text, of the daemon, of commands and of the simulator")
    func fewThreads() async throws {
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
}
