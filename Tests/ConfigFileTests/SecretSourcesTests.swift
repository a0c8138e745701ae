import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct SecretSourcesTests {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func settings(key: SealingKeySource = .credential("twostepd-key")) -> Settings {
        var settings = Settings()
        settings.secrets = folder.path(of: "secrets.yaml")
        settings.sealingKey = key
        return settings
    }

    private func sources(
        _ yaml: String? = nil, credentials: [String: String] = [:], environment: [String: String] = [:],
        key: SealingKeySource = .credential("twostepd-key")
    ) throws -> SecretSources {
        if let yaml { try folder.write("secrets.yaml", yaml, mode: 0o600) }
        var environment = environment
        if !credentials.isEmpty {
            let path = folder.path(of: "credentials")
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            for (name, text) in credentials { try folder.write("credentials/\(name)", text, mode: 0o400) }
            environment["CREDENTIALS_DIRECTORY"] = path
        }
        let reading = SecretSources.read(settings: settings(key: key), environment: environment)
        #expect(reading.problems == [])
        return try #require(reading.value)
    }

    @Test func `a credential comes before the file, and the file before the environment`() throws {
        let all = try sources(
            "tokens: {a: file, b: file}\npins: {a: \"111111\", b: 222222}\n", credentials: ["a": "credential\n"],
            environment: [
                "TWOSTEPD_TOKEN_A": "environment", "TWOSTEPD_TOKEN_B": "environment",
                "TWOSTEPD_TOKEN_C_D_E": "environment \n", "TWOSTEPD_PIN_C_D_E": "333333\n",
            ])
        #expect(try all.token(named: "a").reveal() == "credential")
        #expect(try all.token(named: "b").reveal() == "file")
        #expect(try all.token(named: "c-d.e").reveal() == "environment")
        #expect(try all.pin(named: "b").reveal() == "222222")
        #expect(try all.pin(named: "c-d.e").reveal() == "333333")
        #expect(all.knownTokenNames == ["a", "a", "b"] && all.knownPINNames == ["a", "a", "b"])
        #expect(all.isAvailable)
    }

    @Test func `a name that nobody knows is said to be missing, and where was looked`() throws {
        let empty = try sources()
        #expect(!empty.isAvailable)
        #expect(throws: SecretError.notFound(.token, name: "x", searched: empty.searched)) {
            try empty.token(named: "x")
        }
        #expect(throws: SecretError.notFound(.pin, name: "x", searched: empty.searched)) { try empty.pin(named: "x") }
        #expect(empty.searched.contains("secrets.yaml (no such file)"))
        #expect(empty.searched.contains("$CREDENTIALS_DIRECTORY (not set)"))
        #expect(empty.knownTokenNames == [])
    }

    @Test func `a text that is no name never becomes a path`() throws {
        let some = try sources(credentials: ["a": "x"])
        for name in ["../secrets.yaml", "", "a/b", ".a", String(repeating: "a", count: 65)] {
            #expect(throws: SecretError.invalidName(.token)) { try some.token(named: name) }
            #expect(throws: SecretError.invalidName(.pin)) { try some.pin(named: name) }
        }
    }

    @Test func `a value that is no token or PIN is refused without being shown`() throws {
        let bad = try sources(
            credentials: ["a": "CANARY CANARY", "b": ""],
            environment: ["TWOSTEPD_TOKEN_E": "CANARY CANARY", "TWOSTEPD_PIN_E": "CANARY"])
        for name in ["a", "b", "e"] {
            let error = #expect(throws: SecretError.self) { try bad.token(named: name) }
            #expect(error.map { "\($0)" }?.contains("cannot be used") == true)
            #expect(error.map { "\($0)" }?.contains("CANARY") == false)
            #expect(throws: SecretError.self) { try bad.pin(named: name) }
        }
    }

    @Test func `a credential that is too large or no file is refused`() throws {
        let odd = try sources(credentials: ["large": String(repeating: "x", count: 5000)])
        try FileManager.default.createDirectory(
            atPath: folder.path(of: "credentials/folder"), withIntermediateDirectories: true)
        let again = try sources(credentials: ["other": "x"])
        for (odd, name) in [(odd, "large"), (again, "folder")] {
            let error = #expect(throws: SecretError.self) { try odd.token(named: name) }
            #expect(error.map { "\($0)" }?.contains("cannot be read") == true)
        }
    }

    @Test(arguments: [0o640, 0o604, 0o620, 0o777])
    func `a file that others may read is refused`(_ mode: Int) throws {
        try folder.write("secrets.yaml", "tokens: {a: CANARY}\n", mode: mode)
        let reading = SecretSources.read(settings: settings(), environment: [:])
        #expect(reading.value == nil)
        #expect(reading.rendered(color: false).contains("(mode \(String(mode, radix: 8)))"))
        #expect(!reading.rendered(color: false).contains("CANARY"))
    }

    @Test func `a file that belongs to another user is refused`() throws {
        let path = try folder.write("secrets.yaml", "tokens: {}\n", mode: 0o600)
        // Only root can change a file's owner; other users have nothing to test.
        guard geteuid() == 0 else { return #expect(try sources().hasFile) }
        try #require(chown(path, 12_345, 12_345) == 0)
        let reading = SecretSources.read(settings: settings(), environment: [:])
        #expect(reading.problems.first?.message.contains("another user (id 12345)") == true)
    }

    @Test(arguments: [(0o400, true), (0o600, true), (0o440, geteuid() == 0), (0o444, false), (0o460, false)])
    func `a credential has one of the modes of the service manager, or is refused`(_ mode: Int, _ isGood: Bool) throws {
        _ = try sources(credentials: ["a": "CANARY", "b": "x"])
        try FileManager.default.setAttributes(
            [.posixPermissions: mode], ofItemAtPath: folder.path(of: "credentials/a"))
        let some = try sources(credentials: ["b": "x"])
        guard !isGood else { return #expect(try some.token(named: "a").reveal() == "CANARY") }
        let error = #expect(throws: SecretError.self) { try some.token(named: "a") }
        #expect(error.map { "\($0)" }?.contains("(mode \(String(mode, radix: 8)))") == true)
    }

    @Test func `a credential or a whole credential file of another user is refused`() throws {
        guard geteuid() == 0 else { return #expect(try sources(credentials: ["a": "x"]).isAvailable) }
        let some = try sources(credentials: ["a": "CANARY", "secrets.yaml": "tokens: {b: CANARY}\n"])
        #expect(try some.token(named: "b").reveal() == "CANARY")
        for name in ["a", "secrets.yaml"] {
            try #require(chown(folder.path(of: "credentials/\(name)"), 12_345, 12_345) == 0)
        }
        let environment = ["CREDENTIALS_DIRECTORY": folder.path(of: "credentials")]
        let again = SecretSources.read(settings: settings(), environment: environment)
        #expect(again.value == nil)
        #expect(again.problems.first?.message.contains("another user (id 12345)") == true)
        try FileManager.default.removeItem(atPath: folder.path(of: "credentials/secrets.yaml"))
        let alone = try #require(SecretSources.read(settings: settings(), environment: environment).value)
        #expect(throws: SecretError.self) { try alone.token(named: "a") }
    }

    @Test func `blanks around a value are taken away, and inside it refused`() throws {
        let some = try sources(
            "tokens: {a: \"  file \\n\"}\n", credentials: ["b": " \tcredential\r\n\n", "c": "two words\n"],
            environment: ["TWOSTEPD_PIN_D": " 123456\n"])
        #expect(try some.token(named: "a").reveal() == "file")
        #expect(try some.token(named: "b").reveal() == "credential")
        #expect(throws: SecretError.self) { try some.token(named: "c") }
        #expect(try some.pin(named: "d").reveal() == "123456")
    }

    @Test func `a file that is a folder is refused`() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path(of: "secrets.yaml"), withIntermediateDirectories: true)
        let reading = SecretSources.read(settings: settings(), environment: [:])
        #expect(reading.problems.map(\.message) == ["this is a directory, not a file"])
    }

    @Test func `mistakes in the file are reported all at once, and no line of it is shown`() throws {
        let yaml = """
            tokens:
              a: CANARY one
              b:
              c: {x: CANARY}
              a: CANARY
              "CANARY/2": x
              CANARY4f1e8a7c93b24d5f9a6e7: x
            pins:
              a: 12345
              b: [CANARY]
            pin: 1
            """
        try folder.write("secrets.yaml", yaml, mode: 0o600)
        let reading = SecretSources.read(settings: settings(), environment: [:])
        #expect(reading.value == nil && reading.sha256 == nil)
        #expect(reading.problems.map(\.line) == [2, 3, 4, 5, 6, 7, 9, 10, 11])
        #expect(reading.problems.allSatisfy { $0.sourceLine == nil })
        #expect(!reading.rendered(color: true).contains("CANARY"))
    }

    @Test(arguments: [
        "tokens: CANARY\n", "tokens: [CANARY]\n", "CANARY\n", "tokens: {a: CANARY\n", "a: \"CANARY\\q\"\n",
    ])
    func `a file of another shape is refused, and no line of it is shown`(_ yaml: String) throws {
        try folder.write("secrets.yaml", yaml, mode: 0o600)
        let reading = SecretSources.read(settings: settings(), environment: [:])
        #expect(!reading.errors.isEmpty)
        #expect(!reading.rendered(color: false).contains("CANARY"))
    }

    @Test(arguments: ["", "tokens:\npins:\n", "{}"])
    func `an empty file is a source without secrets`(_ yaml: String) throws {
        let empty = try sources(yaml)
        #expect(empty.isAvailable)
        #expect(throws: SecretError.self) { try empty.token(named: "a") }
    }

    @Test func `the sealing key comes from a credential`() throws {
        let some = try sources(credentials: ["twostepd-key": "key bytes", "a": "x"])
        let key = try #require(try some.sealingKeyBytes())
        #expect(key.bytes == Array("key bytes".utf8))
        #expect(key.origin.hasSuffix("/credentials/twostepd-key"))
        #expect(!"\(key) \(String(reflecting: key))".contains("key bytes"))
        #expect(some.knownTokenNames == ["a"])
        #expect(try sources(key: .credential("other")).sealingKeyBytes() == nil)
    }

    @Test func `the sealing key comes from a private file`() throws {
        let path = folder.path(of: "key")
        #expect(try sources(key: .file(path)).sealingKeyBytes() == nil)
        try folder.write("key", "key bytes", mode: 0o600)
        #expect(try sources(key: .file(path)).sealingKeyBytes()?.origin == path)
        try folder.write("key", "key bytes", mode: 0o644)
        #expect(throws: SecretError.self) { try sources(key: .file(path)).sealingKeyBytes() }
        #expect(throws: SecretError.self) { try sources(key: .file(folder.path)).sealingKeyBytes() }
    }

    @Test func `the sources print nothing of what they hold`() throws {
        let some = try sources(
            "tokens: {a: CANARY}\npins: {a: \"907856\"}\n", environment: ["TWOSTEPD_TOKEN_B": "CANARY"])
        var text = "\(some) \(String(reflecting: some))"
        dump(some, to: &text)
        #expect(!text.contains("CANARY") && !text.contains("907856"))
    }

    @Test func `a credential folder that is not there gives no names`() {
        #expect(CredentialFolder(path: "/nonexistent/").names(limit: 5) == [])
        #expect(CredentialFolder(path: "/x/").path(of: "a") == "/x/a")
    }
}

@Suite("Tokens at rest") struct SecretTableTests {
    @Test func `every token is found under its name and no other, and none is printed`() throws {
        let names = (0..<2000).map { "n\($0 * 7)" } + ["A", "a", "a.b", "a-b", "a_b", "ab"]
        var (places, texts) = (TextSet(), TextBlock())
        var tokens: [(name: String, value: Token)] = []
        for (index, name) in names.enumerated() {
            #expect(places.insert(name) == nil && places.insert(name) == index)
            tokens.append((name, try #require(Token("value-of-\(name)-\(String(repeating: "x", count: 30))"))))
            texts.append(tokens[index].value.reveal())
        }
        let table = SecretTable(names: places, values: texts)
        for (name, token) in tokens { #expect(table[name] == token) }
        for name in ["", "n1", "n", "n13993x", "zzz", "B", "a.", "n7 "] { #expect(table[name] == nil) }
        #expect(table.keys == names)
        #expect(table.everySecret.sorted() == tokens.map { $0.value.reveal() }.sorted())
        #expect("\(table)" == "SecretTable(redacted)" && Mirror(reflecting: table).children.isEmpty)
        #expect(SecretTable()["a"] == nil && SecretTable(names: places, values: TextBlock()).keys == [])
    }
}
