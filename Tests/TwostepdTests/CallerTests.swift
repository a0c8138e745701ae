import Foundation
import Glibc
import SimulatedVendor
import Testing

@testable import Daemon

@Suite("Who asks, and what a user may do who cannot read the secrets, the real binary", .inTurn)
struct CallerTests {
    @Test func `an order is recorded under the kernel's name of its caller, and what it says of itself as its claim`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        let order = try await Binary.run(
            ["pause", "n1", "--reason", "check", "--config", rig.config.path], environment: ["SUDO_USER": "mallory"])
        #expect(order.code == 0, "\(order.errors)")
        let actor = try #require(try await rig.query("SELECT actor FROM events WHERE kind = 'paused'").first)
        let user = UserName.of(uid: getuid())
        #expect(actor.hasPrefix("\(user) (uid \(getuid()), pid "), "\(actor)")
        let claim = try #require(actor.range(of: "), claimed: "), "\(actor)")
        #expect(actor[claim.upperBound...].hasSuffix("sudo from mallory"), "\(actor)")
        #expect(!actor[..<claim.lowerBound].contains("mallory"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test(arguments: [
        ("         0          0 4294967295\n", true), ("0 0 65536\n", true), ("0 1000 1\n1000 0 1\n", false),
        ("998 998 1\n0 0 1\n", false), ("", false),
    ])
    func `a user namespace without the machine's users cannot name callers`(_ map: String, _ isWhole: Bool) {
        #expect(UserNamespace.isWhole(map: map) == isWhole)
    }

    /// Runs a command as a user who is subject to file permissions, which root is not.
    private func run(_ rig: Rig, _ arguments: String...) async throws -> Binary.Result {
        let all = arguments + ["--config", rig.config.path]
        guard geteuid() == 0 else { return try await Binary.run(all) }
        let (out, err) = (rig.folder.appendingPathComponent("out"), rig.folder.appendingPathComponent("err"))
        for file in [out, err] { try rig.write("", to: file) }
        let (output, errors) = (try Child.open(out), try Child.open(err))
        defer { [output, errors].forEach { close($0) } }
        let child = try Child(
            program: "/usr/bin/env", ["setpriv", "--inh-caps=-all", "--bounding-set=-all", Binary.url.path] + all,
            environment: ProcessInfo.processInfo.environment, output: output, errors: errors)
        let code = await child.exitCode()
        return Binary.Result(
            code: code, output: try String(contentsOf: out, encoding: .utf8),
            errors: try String(contentsOf: err, encoding: .utf8))
    }

    @Test func `PINs, plan and clock need no secrets that only root can read; plan says what it did not check`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let known = try await rig.run("plan")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0], ofItemAtPath: rig.folder.appendingPathComponent("secrets.yaml").path)
        let pin = try #require(rig.truth(rig.entries[0])?.pin)
        let shown = try await run(rig, "pin", "show", "n1", "--reason", "check", "--stdout")
        #expect(shown.code == 0 && shown.output == pin + "\n", "\(shown.errors)")
        let plan = try await run(rig, "plan")
        #expect(plan.code == 0 && plan.errors.contains("cannot be read by this user"), "\(plan.errors)")
        let lines = [plan, known].map { $0.output.split(separator: "\n").first }
        #expect(lines[0] != nil && lines[0] == lines[1], "\(plan.output)\n\(known.output)")
        #expect(try await run(rig, "clock", "accept").code == 0)
        // Commands that need the secrets refuse, with the reason.
        let check = try await run(rig, "check")
        #expect(check.code == 78 && check.errors.contains("Permission denied"), "\(check.errors)")
        try await rig.end()
    }
}
