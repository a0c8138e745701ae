import ConfigFile
import Foundation
import Planning
import SimulatedVendor
import Testing
import Vendors

@testable import Daemon

@Suite("Secrets that are gone for a moment, the real binary", .inTurn)
struct KeptSecretsTests {
    private static func setUp() async throws -> (rig: Rig, secrets: URL, text: String) {
        var fleet = Rig.fleet(4)
        fleet[2].operatorPIN = "604183"
        let rig = try await Rig(fleet)
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        return (rig, secrets, try String(contentsOf: secrets, encoding: .utf8))
    }

    @Test(arguments: [nil, "", "tokens: {}\n"] as [String?])
    func `numbers are disabled and enabled with tokens and PINs that the file no longer has`(_ left: String?)
        async throws
    {
        let (rig, secrets, text) = try await Self.setUp()
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }

        if let left { try rig.write(left, to: secrets) } else { try FileManager.default.removeItem(at: secrets) }
        #expect(try await rig.run("reload").code == 78)
        try await rig.wait("status names what is kept") { try await rig.run("status").output.contains("INCOMPLETE") }
        let status = try await rig.run("status").output
        #expect(status.contains("4 tokens and 1 PIN kept from the last reading: n1, n2, n3, n4, n3-pin"), "\(status)")
        #expect(rig.logText.contains("Secrets are incomplete"))
        let doctor = try await rig.run("doctor")
        #expect(doctor.output.contains("secrets of the daemon"), "\(doctor.output)")
        #expect(doctor.code == 1 && doctor.output.contains("kept from the last reading"), "\(doctor.output)")

        // Each reset exposes its number and needs the token twice, and n3 its operator's PIN.
        let before = rig.vendor.counters.requests
        let reset = try await rig.run("reset", "n2", "n3", "--wait", "--timeout", "20s")
        #expect(reset.code == 0, "\(reset.errors)")
        #expect(rig.vendor.counters.requests >= before + 4)
        #expect(rig.truth(rig.entries[2]) == .on(pin: "604183"))
        #expect(try await rig.disagreements() == [])

        try rig.write(text, to: secrets)
        #expect(try await rig.run("reload").code == 0)
        try await rig.wait("nothing is kept any more") { try await !rig.run("status").output.contains("INCOMPLETE") }
        #expect(rig.logText.contains("Secrets are complete again"))
        #expect(try await !rig.run("doctor").output.contains("secrets of the daemon"), "among the last failures alone")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a removed token is dropped with the last entry that needs it`() async throws {
        let (rig, secrets, text) = try await Self.setUp()
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let tokens = text.split(separator: "\n").filter { !$0.hasPrefix("  n1:") }.joined(separator: "\n") + "\n"
        try rig.write(tokens, to: secrets)
        try await rig.wait("the token is kept") {
            try await rig.run("status").output.contains("1 token kept from the last reading: n1")
        }
        var lines = try String(contentsOf: rig.desiredState, encoding: .utf8).split(separator: "\n")
        let first = try #require(lines.firstIndex { $0.contains(rig.entries[0].number) })
        lines.removeSubrange(first..<first + 3)
        try rig.write(lines.joined(separator: "\n") + "\n", to: rig.desiredState)
        try await rig.wait("the state without the entry is in force") {
            try await rig.query("SELECT managed FROM numbers WHERE label = 'n1'") == ["0"]
        }
        try await rig.wait("the token is dropped") { try await !rig.run("status").output.contains("INCOMPLETE") }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}

extension KeptSecretsTests {
    @Test func `an edit that is held drops no token that the state in force needs`() async throws {
        let rig = try await Rig(Rig.fleet(6))
        let secrets = rig.folder.appendingPathComponent("secrets.yaml")
        let text = try String(contentsOf: secrets, encoding: .utf8)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let lines = try String(contentsOf: rig.desiredState, encoding: .utf8).components(separatedBy: "\n")
        let first = try #require(lines.firstIndex { $0.contains(rig.entries[0].number) })
        let last = try #require(lines.firstIndex { $0.contains(rig.entries[5].number) })
        try rig.write((lines[..<first] + lines[last...]).joined(separator: "\n"), to: rig.desiredState)
        let gone = (1...5).map { "  n\($0):" }
        let kept = text.split(separator: "\n").filter { line in !gone.contains { line.hasPrefix($0) } }
        try rig.write(kept.joined(separator: "\n") + "\n", to: secrets)
        try await rig.wait("the tokens are kept") {
            let status = try await rig.run("status").output
            return status.contains("5 tokens kept from the last reading: n1, n2, n3, n4, n5") && status.contains("HELD")
        }
        let reset = try await rig.run("reset", "n2", "--wait", "--timeout", "20s")
        #expect(reset.code == 0, "\(reset.errors)")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}

@Suite("Secrets in force")
struct SecretsInForceTests {
    private let folder: URL
    private let settings: Settings

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: folder.appendingPathComponent("credentials"), withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        var settings = Settings()
        settings.secrets = folder.appendingPathComponent("secrets.yaml").path
        self.settings = settings
    }

    private func write(_ name: String, _ text: String) throws {
        let path = folder.appendingPathComponent(name)
        try Data(text.utf8).write(to: path, options: .atomic)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path.path)
    }

    private func read() throws -> SecretSources {
        let environment = ["CREDENTIALS_DIRECTORY": folder.appendingPathComponent("credentials").path]
        return try #require(SecretSources.read(settings: settings, environment: environment).value)
    }

    @Test
    func
        `what a reading lacks is kept over any number of readings, a new value is taken, and what is not needed dropped`()
        throws
    {
        try write("secrets.yaml", "tokens: {a: one, b: one}\npins: {p: \"604180\"}\n")
        try write("credentials/c", "one")
        let secrets = SecretsInForce(try read())
        try write("secrets.yaml", "tokens: {a: two}\n")
        try write("credentials/c", "")
        secrets.replace(with: try read())
        secrets.replace(with: try read())
        #expect(try ["a", "b", "c"].map { try secrets.token(named: $0).reveal() } == ["two", "one", "one"])
        #expect(try secrets.pin(named: "p").reveal() == "604180")
        #expect(secrets.kept.names == SecretNames(tokens: ["b", "c"], pins: ["p"]))
        #expect(secrets.index.redacting("one 604180") == "one \(SecretIndex(["604180"]).redacting("604180"))")

        secrets.drop(allBut: SecretNames(tokens: ["a", "c"]))
        #expect(try secrets.token(named: "c").reveal() == "one")
        #expect(throws: SecretError.self) { try secrets.token(named: "b") }
        #expect(throws: SecretError.self) { try secrets.pin(named: "p") }
        #expect(secrets.index.redacting("604180") == "604180")

        try write("credentials/c", "three")
        secrets.replace(with: try read())
        #expect(try secrets.token(named: "c").reveal() == "three")
        #expect(secrets.kept.isEmpty && "\(secrets.kept)" == "KeptSecrets(redacted)")
        try FileManager.default.removeItem(at: folder)
    }

    @Test func `a credential is what it was when the secrets were read, and another value of it is another reading`()
        throws
    {
        try write("credentials/c", "one")
        let sources = try read()
        #expect(sources.hasSameCredentials)
        try write("credentials/c", "two")
        #expect(try sources.token(named: "c").reveal() == "one")
        #expect(!sources.hasSameCredentials)
        #expect(sources.everySecret == ["one"])
        try FileManager.default.removeItem(at: folder)
    }
}
