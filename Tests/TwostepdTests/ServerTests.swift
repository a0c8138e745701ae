import Foundation
import Glibc
import Testing

@Suite("The daemon's own servers, the real binary", .inTurn)
struct ServerTests {
    private func listen(_ rig: Rig, _ port: UInt16) throws -> String {
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings.replacing("listen: \"off\"", with: "listen: 127.0.0.1:\(port)"), to: rig.config)
        return "http://127.0.0.1:\(port)/healthz"
    }

    @Test func `a port that is taken is named by log, status and doctor, and served once it is free`() async throws {
        let taken = try ListeningSocket("port that is taken")
        let rig = try await Rig(Rig.fleet(1))
        let url = try listen(rig, taken.port)
        let service = try NotifySocket(path: rig.folder.appendingPathComponent("notify").path)
        let daemon = try await rig.startDaemon(environment: ["NOTIFY_SOCKET": service.path])
        let problem = "127.0.0.1:\(taken.port): Address already in use"
        try await rig.wait("the log names it") { rig.logText.contains("Listener failed") }
        #expect(rig.logText.contains("error=\"\(problem)\""), "\(rig.logText)")
        let line = "listener: it is not running, and is retried: \(problem)"
        try await rig.wait("status names it") { try await rig.run("status").output.contains(line) }
        #expect(try await rig.run("doctor").output.contains(problem))
        #expect(service.received.contains { $0.contains("the \(line)") }, "\(service.received)")

        taken.close()
        try await rig.wait("it is served", seconds: 60) {
            (try? await Shell.run("curl", ["--silent", "--max-time", "5", url])) == "ok\n"
        }
        try await rig.wait("the log says so") { rig.logText.contains("Server is running again") }
        #expect(rig.logText.components(separatedBy: "Listener failed").count == 2, "it is logged once")
        #expect(try await !rig.run("status").output.contains("listener:"))
        #expect(try await !rig.run("doctor").output.contains("it is not running"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a control socket that was removed, with its folder or without, is made again`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        try await rig.wait("it can be asked") { try await rig.run("reload").code == 0 }
        let folder = rig.folder.appendingPathComponent("run")
        for path in [folder.appendingPathComponent("control.sock"), folder] {
            try FileManager.default.removeItem(at: path)
            #expect(try await rig.run("reload").code == 69)
            try await rig.wait("it can be asked again", seconds: 60) { try await rig.run("reload").code == 0 }
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/control.sock")[
                .posixPermissions]
            #expect(mode as? Int == 0o660)
        }
        #expect(rig.logText.contains("Control socket was removed or replaced: creating it again"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
