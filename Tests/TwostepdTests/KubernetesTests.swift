import Foundation
import Testing

@Suite("Kubernetes: the probes of docs/scale.md, the real binary", .inTurn)
struct KubernetesTests {
    private static func manifests() throws -> String {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent("docs/scale.md"), encoding: .utf8)
    }

    /// Returns the path that a probe of the manifest requests.
    private static func path(of probe: String) throws -> String {
        let text = try #require(try manifests().components(separatedBy: "\(probe)Probe:").dropFirst().first)
        return String(try #require(text.firstMatch(of: #/http:\/\/127\.0\.0\.1:9477(\/[a-z]+)/#)).output.1)
    }

    @Test func `a pod whose desired state is not valid is not restarted, and is not ready (20.21)`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let port = try FreePort.find()
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
            .replacingOccurrences(of: "listen: \"off\"", with: "listen: 127.0.0.1:\(port)")
        try rig.write(settings, to: rig.config)
        #expect(try await rig.run("apply").code == 0)
        try rig.write("nonsense", to: rig.desiredState)
        let daemon = try await rig.startDaemon()
        func code(_ probe: String) async throws -> String {
            let url = "http://127.0.0.1:\(port)" + (try Self.path(of: probe))
            return try await Shell.run("curl", ["-s", "-o", "/dev/null", "-w", "%{http_code}", url])
        }
        try await rig.wait("it listens") { (try? await code("liveness")) == "200" }
        #expect(try await code("startup") == "200")
        #expect(try await code("readiness") == "503")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
