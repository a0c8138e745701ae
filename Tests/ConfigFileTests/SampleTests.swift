import ConfigFile
import Foundation
import Planning
import Testing

@Suite struct SampleTests {
    private func path(_ name: String) -> String { Fixtures.repository.appending(path: "config/\(name)").path }

    @Test func `the sample settings are the defaults, but for the path beside them`() throws {
        let reading = SettingsReader.read(path: path("twostepd.yaml"))
        #expect(reading.problems == [])
        var expected = Settings()
        expected.desiredState = path("desired-state.yaml")
        #expect(reading.value == expected)
    }

    @Test func `every setting is in the sample, and uncommenting it gives the default`() throws {
        // Hooks have no default: their lines are an example.
        let text = try String(contentsOfFile: path("twostepd.yaml"), encoding: .utf8)
            .components(separatedBy: "\n# hooks:\n")[0]
        let keys = #/^# ?( *)([a-z_]+:.*)$/#
        let uncommented = text.split(separator: "\n").map { line in
            line.firstMatch(of: keys).map { "\($0.output.1)\($0.output.2)" } ?? String(line)
        }.joined(separator: "\n")
        let reading = SettingsReader.read(bytes: Array(uncommented.utf8), file: "/etc/twostepd/twostepd.yaml")
        #expect(reading.problems == [])
        #expect(reading.value == Settings())
        for key in [
            "desired_state", "state_directory", "runtime_directory", "secrets", "sealing_key", "listen", "ca_file",
            "proxy", "log_level", "log_format", "metrics", "keep_changes",
            "limits", "requests_per_minute", "observations_per_minute", "writes_per_hour", "writes_per_hour_exposed",
            "concurrency", "max_exposed",
            "max_weakened_percent", "timing", "request_timeout", "settle_delay", "backoff_min", "backoff_max",
            "backoff_max_exposed", "shutdown_grace",
        ] {
            #expect(uncommented.contains("\(key):"), "\(key) is not in the sample")
        }
    }

    @Test func `the sample's hooks, uncommented, are valid`() throws {
        let text = try String(contentsOfFile: path("twostepd.yaml"), encoding: .utf8)
        let example = try #require(text.components(separatedBy: "\n# hooks:\n").dropFirst().first)
        let uncommented = "hooks:\n" + example.split(separator: "\n").map { $0.dropFirst(2) }.joined(separator: "\n")
        let reading = SettingsReader.read(bytes: Array(uncommented.utf8), file: "/etc/twostepd/twostepd.yaml")
        #expect(reading.problems == [])
        #expect(reading.value?.hooks.count == 2)
    }

    @Test func `the sample desired state has no errors on a machine without secrets, and one warning`() throws {
        var settings = Settings()
        settings.secrets = "/nonexistent/secrets.yaml"
        let secrets = SecretSources.read(settings: settings, environment: [:]).value
        let reading = DesiredStateReader.read(
            path: path("desired-state.yaml"), secrets: secrets, references: .warnIfNoSource)
        #expect(reading.value?.numbers.count == 4)
        #expect(reading.problems.map(\.severity) == [.warning])
        #expect(
            try SchemaTests.schema().accepts(
                JSONValue(document: String(contentsOfFile: path("desired-state.yaml"), encoding: .utf8))))
    }

    @Test func `the sample's commented lines for the other vendor, uncommented, are valid`() throws {
        let text = try String(contentsOfFile: path("desired-state.yaml"), encoding: .utf8)
        let example = #/(?m)^  # ((?:- | {2})[a-z_]+: .*)$/#
        #expect(text.matches(of: example).count == 8)
        let uncommented = text.replacing(example) { "  \($0.output.1)" }
        let reading = DesiredStateReader.read(bytes: Array(uncommented.utf8), file: "f.yaml")
        #expect(reading.problems == [])
        #expect(reading.value?.numbers.map(\.vendor).suffix(3) == [.pickyAssist, .whatsapp, .pickyAssist])
        #expect(reading.value?.numbers.map { $0.observation != nil }.suffix(3) == [false, true, true])
        #expect(try SchemaTests.schema().accepts(JSONValue(document: uncommented)))
    }

    @Test func `the defaults that the sample spells out are those of the program`() throws {
        let reading = DesiredStateReader.read(path: path("desired-state.yaml"))
        let third = try #require(reading.value?.numbers[2])
        let number = try #require(PhoneNumber("+15550100003"))
        #expect(third == DesiredNumber(number: number, tokenName: "lab", verification: .disabled))
    }

    @Test func `the sample secrets resolve every name of the sample desired state`() throws {
        let folder = try TemporaryFolder()
        let copy = try folder.write(
            "secrets.yaml", try Data(contentsOf: URL(filePath: path("secrets.example.yaml"))), mode: 0o600)
        var settings = Settings()
        settings.secrets = copy
        let secrets = SecretSources.read(settings: settings, environment: [:])
        #expect(secrets.problems == [])
        let reading = DesiredStateReader.read(
            path: path("desired-state.yaml"), secrets: secrets.value, references: .required)
        // The placeholder for a PIN must be replaced.
        #expect(reading.problems.map(\.message) == ["the PIN with this name is easy to guess"])
        #expect(reading.value != nil)
    }
}
