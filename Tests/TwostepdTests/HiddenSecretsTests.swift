import ConfigFile
import Foundation
import Planning
import Testing
import Vendors

@testable import Daemon

/// The secrets that are redacted from other systems' texts.
struct HiddenSecretsTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("twostepd-secrets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String) throws {
        let path = folder.appendingPathComponent(name).path
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]))
    }

    private func read() throws -> SecretSources {
        var settings = Settings()
        settings.secrets = folder.appendingPathComponent("none.yaml").path
        return try #require(
            SecretSources.read(settings: settings, environment: ["CREDENTIALS_DIRECTORY": folder.path]).value)
    }

    @Test func `a credential that is rewritten is hidden from its first use on, and so is the one before it`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // Only files of a test.
        try write("first-token-of-support", "support")
        try write("token-of-sales", "sales")
        let secrets = SecretsInForce(try read())
        #expect(try secrets.token(named: "support").reveal() == "first-token-of-support")
        #expect(secrets.index.redacting("first-token-of-support") == "[redacted]")
        try write("second-token-of-support", "support")
        secrets.replace(with: try read())
        #expect(try secrets.token(named: "support").reveal() == "second-token-of-support")
        let said = "second-token-of-support, not first-token-of-support or token-of-sales"
        #expect(secrets.index.redacting(said) == "[redacted], not [redacted] or [redacted]")
        // A reload forgets neither.
        secrets.replace(with: try read())
        #expect(secrets.index.redacting(said) == "[redacted], not [redacted] or [redacted]")
        #expect(secrets.index.redacting("third-token-of-support") == "third-token-of-support")
    }

    @Test func `a token of secrets.yaml that a reload replaces stays hidden`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // Only files of a test.
        try write("tokens:\n  support: first-token-of-support\n", "secrets.yaml")
        let secrets = SecretsInForce(try read())
        _ = try secrets.token(named: "support")
        try write("tokens:\n  support: second-token-of-support\n", "secrets.yaml")
        secrets.replace(with: try read())
        #expect(secrets.index.redacting("first-token-of-support second-token-of-support") == "[redacted] [redacted]")
    }

    @Test func `a PIN that an operator rewrites is hidden with the reading that brings it`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }  // Only files of a test.
        try write("482913", "known")
        let secrets = SecretsInForce(try read())
        #expect(secrets.index.holds("482913") && !secrets.index.holds("739182"))
        try write("739182", "known")
        secrets.replace(with: try read())
        #expect(secrets.index.redacting("482913 739182 12") == "[redacted] [redacted] 12")
    }

    @Test func `an index knows what it holds`() {
        let index = SecretIndex(["token", "token-of-sales", "abc"])
        #expect(index.holds("token") && index.holds("token-of-sales"))
        #expect(!index.holds("token-of") && !index.holds("toke") && !index.holds("abc") && !index.holds(""))
        #expect(index.texts == ["token", "token-of-sales"])
    }
}
