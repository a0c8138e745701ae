import Foundation
import Glibc
import SimulatedVendor
import Testing

@testable import Daemon

/// The daemon's state can differ from the files, so the daemon itself is asked.
@Suite("The daemon's own view, the real binary", .inTurn)
struct DaemonViewTests {
    private func doctor(_ rig: Rig) async throws -> (code: Int32, parts: [String: (level: String, detail: String)]) {
        let result = try await rig.run("doctor", "--format", "json")
        let checks = try result.json()["checks"] as? [[String: Any]] ?? []
        let daemon = try #require(checks.first { $0["name"] as? String == "daemon" })
        var found: [String: (level: String, detail: String)] = [:]
        for part in daemon["parts"] as? [[String: Any]] ?? [] {
            let name = try #require(part["name"] as? String)
            found[name] = (part["level"] as? String ?? "", part["detail"] as? String ?? "")
        }
        return (result.code, found)
    }

    @Test
    func
        `secrets that the service manager handed over at the start are compared with the file, and a restart is asked for`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let file = rig.folder.appendingPathComponent("secrets.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let credentials = rig.folder.appendingPathComponent("credentials")
        try FileManager.default.createDirectory(
            at: credentials, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try rig.write(text, to: credentials.appendingPathComponent("secrets.yaml"))
        let daemon = try await rig.startDaemon(
            environment: ["CREDENTIALS_DIRECTORY": credentials.path, "INVOCATION_ID": "0123456789abcdef"])
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let equal = try await rig.run("reload")
        #expect(equal.code == 0 && !equal.errors.contains("restart"), "\(equal.errors)")
        #expect(try await doctor(rig).parts["secrets"]?.detail == "the same as in the file, 2 compared")

        // Written again without a change: there is nothing to adopt.
        try rig.write("# edited\n" + text, to: file)
        let same = try await rig.run("reload")
        #expect(same.code == 0 && !same.errors.contains("restart"), "\(same.errors)")

        // Another value of a token, and a new token.
        let changed = text.replacing("secret-token-of-n2", with: "secret-token-of-nobody")
        try rig.write(changed.replacing("tokens:", with: "tokens:\n  n9: another"), to: file)
        let reload = try await rig.run("reload")
        #expect(reload.code == 1, "not everything was adopted")
        for words in ["token n2 has another value", "token n9 is only in the file", "systemctl restart twostepd"] {
            #expect(reload.errors.contains(words), "\(reload.errors)")
        }
        #expect(reload.errors.contains("revision 1 is in force"))
        // As `systemctl reload` runs it: with the credentials of the start.
        let inService = try await Binary.run(
            ["reload", "--config", rig.config.path], environment: ["CREDENTIALS_DIRECTORY": credentials.path])
        #expect(
            inService.code == 1 && inService.errors.contains("has changed: restart the service"), "\(inService)")
        let check = try await rig.run("check")
        #expect(check.code == 0 && check.errors.contains("token n2 has another value"), "\(check.errors)")
        #expect(check.errors.contains("systemctl restart twostepd"))
        #expect(try await rig.run("check", "--strict").code == 78)
        let (code, parts) = try await doctor(rig)
        #expect(code == 1 && parts["secrets"]?.level == "failure")
        #expect(rig.logText.contains("read only at startup"))

        // Valid for a reader of the file, and refused by the daemon: its answer gives the reason and the advice.
        try rig.writeDesiredState { if $0.label == "n1" { $0.extra = ["observer: n9", "phone_number_id: \"123\""] } }
        let refused = try await rig.run("reload")
        #expect(refused.code == 78 && refused.errors.contains("restart it"), "\(refused.errors)")
        #expect(refused.errors.contains("token n9 is only in the file"))
        let status = try await rig.run("status").output
        #expect(status.contains("credentials are passed when the service starts"), "\(status)")
        for output in [reload, check, refused] { #expect(!(output.output + output.errors).contains("secret-token-of")) }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `settings that were written since the start are named by reload and doctor`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(try await doctor(rig).parts["files"] == nil)
        try rig.write(try String(contentsOf: rig.config, encoding: .utf8) + "# edited\n", to: rig.config)
        let reload = try await rig.run("reload")
        #expect(
            reload.code == 0 && reload.errors.contains("read only at startup: \(rig.config.path)"),
            "\(reload.errors)")
        #expect(try await doctor(rig).parts["files"]?.level == "warning")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `doctor asks the daemon for endpoints that are down, for its listener, and for what it last failed at`()
        async throws
    {
        let taken = try ListeningSocket("port that is taken")
        let rig = try await Rig(Rig.fleet(3))
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings.replacing("listen: \"off\"", with: "listen: 127.0.0.1:\(taken.port)"), to: rig.config)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try await rig.wait("the listener has failed") { rig.logText.contains("Listener failed") }
        let (code, parts) = try await doctor(rig)
        #expect(code == 1 && parts["listener"]?.level == "failure")
        #expect(parts["endpoints"]?.level == "ok" && parts["limits"]?.level == "ok")
        #expect(parts["last failure"]?.detail.contains("Listener failed") == true, "\(parts)")
        #expect(parts["view"]?.detail.contains("revision 1 is in force") == true)

        try await rig.vendor.stop()
        // One number alone never proves that an endpoint is down.
        _ = try await rig.run("reapply", "--all", "--yes")
        try await rig.wait("the endpoint is down for the daemon") {
            try await doctor(rig).parts["endpoints"]?.level == "failure"
        }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await doctor(rig).parts["view"]?.detail.contains("no daemon works on") == true)
        close(taken.descriptor)
        try FileManager.default.removeItem(at: rig.folder)
    }

    @Test func `marks tell names and changes, and never a value`() {
        let held = SecretMarks(["token a": "1", "token b": "2", "PIN p": "3"])
        let read = SecretMarks(text: held.text)
        #expect(read.marks == held.marks)
        #expect(held.differences(fromFile: read) == [])
        let file = SecretMarks(["token a": "9", "token c": "2"])
        #expect(
            held.differences(fromFile: file) == [
                "token a has another value in the file", "token b is no longer in the file",
                "token c is only in the file",
            ], "without marks of PINs in the file there was no key to compare them with")
        #expect(held.differences(fromFile: SecretMarks(["PIN p": "4"])).contains("PIN p has another value in the file"))
    }
}
