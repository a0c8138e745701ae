import Foundation
import Planning
import Testing

@testable import ConfigFile

@Suite struct SettingsReaderTests {
    private func read(_ text: String, file: String = "/etc/twostepd/twostepd.yaml") -> Reading<Settings> {
        SettingsReader.read(bytes: Array(text.utf8), file: file)
    }

    /// Returns each problem as `line:column: message`.
    private func problems(_ text: String) -> [String] {
        let reading = read(text)
        #expect((reading.value == nil) == !reading.errors.isEmpty)
        return reading.problems.map { "\($0.line):\($0.column): \($0.message)" }
    }

    @Test(arguments: [
        "https://proxy:1", "proxy:3128", "http://proxy", "http://proxy:0", "http://user:word@proxy:3128",
        "http://proxy:3128/path", "http://proxy:3128?x", "socks5://proxy:1080", "http://:3128", "on",
    ])
    func `a proxy is http://host:port or off, and a password in it is not shown`(_ text: String) throws {
        let found = read("proxy: \"\(text)\"").problems
        #expect(found.map(\.message) == ["'proxy' must be off or http://host:port"])
        #expect(!found.map(\.description).joined().contains("word"))
        #expect(read("proxy: off\nca_file: none").value == Settings())
    }

    @Test(arguments: ["", "\n", "# nothing\n", "{}", "---\n", "limits:\ntiming:\n"])
    func `a file that says nothing gives the defaults`(_ text: String) {
        let reading = read(text)
        #expect(reading.problems == [])
        #expect(reading.value == Settings())
    }

    @Test func `every key is read`() throws {
        let settings = try #require(
            read(
                """
                desired_state: state.yaml
                state_directory: /srv/state
                runtime_directory: run
                secrets: ../secrets.yaml
                sealing_key: /etc/key
                listen: "[::1]:80"
                ca_file: ca.pem
                proxy: http://[2001:db8::1]:3128
                log_level: debug
                keep_changes: 90d
                limits: {requests_per_minute: unlimited, observations_per_minute: 1, writes_per_hour: 0,
                  writes_per_hour_exposed: 256, concurrency: 1, max_exposed: 2, max_weakened_percent: 100}
                timing:
                  request_timeout: 500ms
                  settle_delay: 1h30m
                  backoff_min: 1s
                  backoff_max: 1d
                  backoff_max_exposed: 10s
                  shutdown_grace: 0s
                """
            ).value)
        #expect(settings.desiredState == "/etc/twostepd/state.yaml")
        #expect(settings.stateDirectory == "/srv/state")
        #expect(settings.controlSocket == "/etc/twostepd/run/control.sock")
        #expect(settings.secrets == "/etc/twostepd/../secrets.yaml")
        #expect(settings.sealingKey == .file("/etc/key"))
        #expect(settings.listen == .address(host: "::1", port: 80))
        #expect(settings.caFile == "/etc/twostepd/ca.pem")
        #expect(settings.proxy == ProxyAddress(host: "2001:db8::1", port: 3128))
        #expect(settings.logLevel == .debug)
        #expect(settings.keepChanges == .seconds(90 * 86_400))
        #expect(settings.limits.requestsPerMinute == nil && settings.limits.writesPerHour == nil)
        let policy = settings.policy()
        #expect(policy.observationsPerMinute == 1)
        #expect(policy.requestsPerMinute == nil && policy.writesPerHour == nil)
        #expect(policy.writesPerHourExposed == 256 && policy.concurrency == 1 && policy.maxExposed == 2)
        #expect(policy.maxWeakenedPercent == 100)
        #expect(policy.requestTimeout == .milliseconds(500) && policy.settleDelay == .seconds(5400))
        #expect(policy.backoffMin == .seconds(1) && policy.backoffMax == .seconds(86_400))
        #expect(policy.backoffMaxExposed == .seconds(10) && policy.shutdownGrace == .zero)
        #expect(policy.zones("Europe/Rome") != nil && policy.zones("Nowhere/Else") == nil)
    }

    @Test func `the defaults are those of the planner's policy`() {
        let (ours, theirs) = (Settings().policy { _ in nil }, Policy())
        #expect(ours.requestsPerMinute == theirs.requestsPerMinute)
        #expect(ours.observationsPerMinute == theirs.observationsPerMinute)
        #expect(ours.writesPerHour == theirs.writesPerHour)
        #expect(ours.writesPerHourExposed == theirs.writesPerHourExposed)
        #expect(ours.concurrency == theirs.concurrency && ours.maxExposed == theirs.maxExposed)
        #expect(ours.maxWeakenedPercent == theirs.maxWeakenedPercent)
        #expect(ours.requestTimeout == theirs.requestTimeout && ours.settleDelay == theirs.settleDelay)
        #expect(ours.backoffMin == theirs.backoffMin && ours.backoffMax == theirs.backoffMax)
        #expect(ours.backoffMaxExposed == theirs.backoffMaxExposed && ours.shutdownGrace == theirs.shutdownGrace)
    }

    @Test(arguments: [
        ("twostepd.yaml", "./s.yaml"), ("/twostepd.yaml", "/s.yaml"), ("conf/twostepd.yaml", "conf/s.yaml"),
    ])
    func `a relative path is relative to the file that names it`(_ file: String, _ expected: String) {
        #expect(read("desired_state: s.yaml", file: file).value?.desiredState == expected)
    }

    @Test(arguments: [
        ("127.0.0.1:9477", "127.0.0.1:9477"), ("off", "off"), ("LocalHost:0", "localhost:0"),
        ("127.9.8.7:65535", "127.9.8.7:65535"), ("\"[::1]:9477\"", "[::1]:9477"), ("\"off\"", "off"),
    ])
    func `listening is on loopback or off`(_ text: String, _ expected: String) {
        #expect(read("listen: \(text)").value?.listen.text == expected)
    }

    @Test(arguments: ["0.0.0.0:9477", "192.168.1.4:80", "example.com:80", "\"[::]:80\"", "127.0.0.1.example.com:80"])
    func `listening for others is refused with the way out`(_ text: String) {
        let found = read("listen: \(text)").problems
        #expect(found.count == 1)
        #expect(found.first?.message.contains("must be a loopback address") == true)
        #expect(found.first?.hint?.contains("put a proxy") == true)
    }

    @Test(arguments: [
        "9477", "localhost", "localhost:", ":80", "localhost:99999", "\"::1:80\"", "localhost:8o", "[::1]:9477",
    ])
    func `an address that is none is refused`(_ text: String) {
        #expect(read("listen: \(text)").value == nil)
    }

    @Test func `all mistakes are reported at once, each at its place`() {
        #expect(
            problems(
                """
                desired-state: x
                state_directory: 7
                runtime_directory: "\(String(repeating: "/long", count: 30))"
                secrets: ~/secrets.yaml
                sealing_key: some/relative/path
                log_level: verbose
                limits:
                  requests_per_minute: -1
                  writes_per_hour: 257
                  concurrency: many
                  max_exposed: 1.5
                  max_weakened_percent: unlimitd
                  writes_per_hour_exposed: "20"
                  observations_per_minute: 1000000
                timing: {request_timeout: 15, settle_delay: 5, backoff_max: 8d, shutdown_grace: never}
                """) == [
                    "1:1: unknown key 'desired-state' in the file",
                    "2:18: 'state_directory' must be a path, but is a whole number",
                    "3:20: the path of the control socket would have 163 bytes; the system allows 107",
                    "4:10: '~' is not expanded in 'secrets'",
                    "5:14: 'sealing_key' must be the name of a credential, or an absolute path",
                    "6:12: 'log_level' must be trace, debug, info, notice, warning, error or critical"
                        + ", but is 'verbose'",
                    "8:24: 'requests_per_minute' must be a whole number from 2 to 100000, or unlimited"
                        + ", but is '-1'",
                    "9:20: 'writes_per_hour' must be a whole number from 1 to 256, or unlimited, but is '257'",
                    "10:16: 'concurrency' must be a whole number from 1 to 1024, or unlimited, but is 'many'",
                    "11:16: 'max_exposed' must be a whole number from 1 to 1000000, or unlimited, but is a number",
                    "12:25: 'max_weakened_percent' must be a whole number from 1 to 100, or unlimited"
                        + ", but is 'unlimitd'",
                    "13:28: 'writes_per_hour_exposed' must be a whole number from 1 to 256, or unlimited"
                        + ", but is '20'",
                    "14:28: 'observations_per_minute' must be a whole number from 1 to 100000, or unlimited"
                        + ", but is '1000000'",
                    "15:27: 'request_timeout' must be a duration, but is a whole number",
                    "15:45: 'settle_delay' must be a duration, but is a whole number",
                    "15:61: 'backoff_max' must be 10ms to 7d, but is 8d",
                    "15:81: 'shutdown_grace' must be a duration, but is 'never'",
                ])
    }

    @Test func `sections that are no mappings, and values that are missing, are refused`() {
        #expect(problems("limits: 5\ntiming: [a]\nlog_level:\nsecrets: \"\"\n").count == 4)
        #expect(problems("- a\n").count == 1)
        #expect(problems("listen:\n  host: a\n").count == 1)
    }

    @Test func `backoffs that contradict each other are refused where they can be mended`() {
        #expect(
            problems("timing:\n  backoff_min: 1m\n  backoff_max: 30s\n") == [
                "2:16: 'backoff_max_exposed' (30s) is shorter than 'backoff_min' (1m)",
                "3:16: 'backoff_max' (30s) is shorter than 'backoff_min' (1m)",
            ])
    }

    @Test func `a settle delay shorter than a request may take is doubtful`() {
        let reading = read("timing: {settle_delay: 5s}")
        #expect(reading.value?.timing.settleDelay == .seconds(5))
        #expect(reading.problems.map(\.severity) == [.warning])
    }

    @Test func `a key that stands in the settings is not shown`() {
        let reading = read("sealing_key: \"CANARY+/qweasdzxc==\"\n")
        #expect(reading.value == nil)
        #expect(!reading.rendered(color: false).contains("CANARY"))
    }

    @Test func `a file is read from disk`() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("twostepd.yaml", "desired_state: d.yaml\n")
        #expect(SettingsReader.read(path: path).value?.desiredState == folder.path(of: "d.yaml"))
    }
}
