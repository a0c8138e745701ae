import Foundation
import SimulatedVendor
import Testing

@Suite("Looking at a running daemon over HTTP, the real binary", .inTurn)
struct ObservationTests {
    /// Sends one request by `curl`; returns status, headers and body.
    private func get(_ url: String, _ more: String...) async throws -> (status: Int, headers: String, body: String) {
        let text = try await Shell.run(
            "curl", ["--silent", "--show-error", "--include", "--max-time", "20"] + more + [url])
        let parts = text.components(separatedBy: "\r\n\r\n")
        let status = parts[0].split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return (status ?? 0, parts[0].lowercased(), parts.dropFirst().joined(separator: "\r\n\r\n"))
    }

    /// A rig whose daemon listens on a free port.
    private func rig(_ count: Int, more: String = "") async throws -> (Rig, String) {
        let rig = try await Rig(Rig.fleet(count))
        let port = try FreePort.find()
        let text = try String(contentsOf: rig.config, encoding: .utf8)
            .replacingOccurrences(of: "listen: \"off\"", with: "listen: 127.0.0.1:\(port)\n\(more)")
        try rig.write(text, to: rig.config)
        return (rig, "http://127.0.0.1:\(port)")
    }

    @Test func `status, numbers and changes are what the commands say, on the listener and on the socket`() async throws
    {
        let (rig, base) = try await rig(3)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let status = try await get(base + "/v1/status")
        #expect(status.status == 200 && status.headers.contains("application/json"))
        let (ours, theirs) = (try Self.json(status.body), try await rig.run("status", "--format", "json").json())
        #expect(Self.text(ours["numbers"]) == Self.text(theirs["numbers"]))
        #expect(Self.text(ours["desired_state"]) == Self.text(theirs["desired_state"]))
        #expect((ours["daemon"] as? [String: Any])?["pid"] as? Int == Int(daemon.pid))

        let number = try Self.json(try await get(base + "/v1/numbers/%2B15550101002").body)
        #expect((number["number"] as? [String: Any])?["label"] as? String == "n2")
        #expect((number["generations"] as? [[String: Any]])?.count == 1)
        #expect(try await get(base + "/v1/numbers/n2").status == 200)
        #expect(try await get(base + "/v1/numbers/nobody").status == 404)

        let history = try await rig.run("history", "--format", "json").json()["changes"] as? [[String: Any]] ?? []
        let all = try Self.json(try await get(base + "/v1/changes").body)["changes"] as? [[String: Any]] ?? []
        #expect(Self.text(all) == Self.text(history) && all.count >= 6)
        let page = try Self.json(try await get(base + "/v1/changes?limit=2&before=4").body)
        #expect((page["changes"] as? [[String: Any]])?.map { $0["id"] as? Int } == [2, 3])
        #expect(try await get(base + "/v1/changes?limit=100000").status == 400)
        #expect(try await get(base + "/v1/changes?number=nobody").status == 400)

        let socket = rig.folder.appendingPathComponent("run/control.sock").path
        let bySocket = try await get("http://localhost/v1/status", "--unix-socket", socket)
        #expect(Self.text(try Self.json(bySocket.body)["numbers"]) == Self.text(ours["numbers"]))
        let secrets = rig.entries.map(\.token) + rig.vendor.truth.values.compactMap(\.pin)
        for path in ["/v1/status", "/v1/changes", "/v1/numbers/n1", "/metrics"] {
            let answer = try await get(base + path)
            #expect(!secrets.contains { answer.body.contains($0) }, "no secret in \(path)")
        }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `other hosts, methods and sizes are refused, and every answer has its security headers`() async throws {
        let (rig, base) = try await rig(1)
        let daemon = try await rig.startDaemon()
        // A request without an answer is tried again.
        try await rig.wait("it listens") { (try? await get(base + "/healthz").status) == 200 }
        #expect(try await get(base + "/v1/status", "-H", "Host: evil.example").status == 421)
        #expect(try await get(base + "/v1/status", "-H", "Host: evil.example:9477").status == 421)
        #expect(try await get(base + "/v1/status", "-H", "Host: localhost").status == 200)
        #expect(try await get(base + "/v1/status", "-X", "DELETE").status == 405)
        #expect(try await get(base + "/v1/orders", "-X", "POST", "--data", "{}").status == 405)
        let large = rig.folder.appendingPathComponent("large")
        try Data(repeating: 0x20, count: 100_000).write(to: large)
        #expect(try await get(base + "/healthz", "-X", "GET", "--data-binary", "@\(large.path)").status == 413)
        let headers = try await get(base + "/nothing").headers
        for name in [
            "content-security-policy: default-src 'none'", "x-content-type-options", "referrer-policy", "no-store",
        ] {
            #expect(headers.contains(name), "\(name)")
        }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `the metrics are those of the fleet, in both formats, without a complaint of promtool`() async throws {
        let (rig, base) = try await rig(4)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let answer = try await get(base + "/metrics")
        #expect(answer.headers.contains("text/plain; version=0.0.4"))
        let lines = Set(answer.body.split(separator: "\n").map(String.init))
        for line in [
            "twostepd_numbers{condition=\"converged\"} 4", "twostepd_numbers{condition=\"exposed\"} 0",
            "twostepd_number_converged{number=\"+15550101001\",label=\"n1\"} 1",
            "twostepd_number_belief_size{number=\"+15550101001\",label=\"n1\"} 1",
            "twostepd_requests_total{action=\"enable\",outcome=\"accepted\"} 4",
            "twostepd_requests_total{action=\"enable\",outcome=\"in_doubt\"} 0",
            "twostepd_desired_state_valid 1", "twostepd_desired_state_held 0", "twostepd_clock_behind_seconds 0",
            "twostepd_endpoint_down{endpoint=\"\(rig.vendor.url)\"} 0", "twostepd_paused 0",
            "twostepd_request_duration_seconds_count{action=\"enable\"} 4",
            "twostepd_drift_total{kind=\"turned_off\"} 0", "twostepd_drift_total{kind=\"turned_on\"} 0",
            "twostepd_drift_total{kind=\"pin_changed\"} 0", "twostepd_observations_total{result=\"unknown\"} 0",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
        let saved = rig.folder.appendingPathComponent("metrics")
        try Data(answer.body.utf8).write(to: saved)
        let complaints = try await Shell.run(
            "sh", ["-c", "promtool check metrics < \"$1\" 2>&1 || true", "sh", saved.path])
        #expect(complaints.isEmpty, "\(complaints)")
        let open = try await get(base + "/metrics", "-H", "Accept: application/openmetrics-text")
        #expect(open.headers.contains("application/openmetrics-text") && open.body.hasSuffix("# EOF\n"))
        #expect(
            open.body.contains("# TYPE twostepd_requests counter\n") && open.body.contains("# TYPE twostepd_build info")
        )
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    /// The folder of the package.
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static func text(of file: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
    }

    @Test func `each alert fires when it should and keeps quiet when it should, and leads to a place in the documents`()
        async throws
    {
        let tests = Self.root.appendingPathComponent("Tests/Prometheus/twostepd.rules.test.yml").path
        let result = try await Shell.run(
            "sh", ["-c", "promtool test rules \"$1\" 2>&1; echo \"exit $?\"", "sh", tests])
        #expect(result.contains("SUCCESS") && result.hasSuffix("exit 0\n"), "\(result)")
        let rules = try Self.text(of: "config/prometheus/twostepd.rules.yml")
        let cases = try Self.text(of: "Tests/Prometheus/twostepd.rules.test.yml")
        let alerts = rules.matches(of: /- alert: (\w+)/).map { String($0.1) }
        #expect(alerts.count == 24)
        for alert in alerts {
            #expect(cases.contains("\(alert) fires") && cases.contains("\(alert) keeps quiet"), "\(alert)")
        }
        let headings = try Self.text(of: "docs/operations.md").split(separator: "\n").filter { $0.hasPrefix("## ") }
            .map { $0.dropFirst(3).lowercased().replacing(" ", with: "-").replacing(",", with: "") }
        let anchors = rules.matches(of: /runbook_url: docs\/operations.md#([\w-]+)/).map { String($0.1) }
        #expect(anchors.count == alerts.count)
        for anchor in anchors { #expect(headings.contains(anchor), "\(anchor) in \(headings)") }
    }

    @Test func `rules and dashboard name only metrics that there are`() async throws {
        let (rig, base) = try await rig(1, more: "hooks: [{ name: none, on: [held], command: [/bin/true] }]")
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let body = try await get(base + "/metrics").body
        let known = Set(body.matches(of: /(?m)^([a-z_]+)[{ ]/).map { String($0.1) })
        for file in ["config/prometheus/twostepd.rules.yml", "config/grafana/twostepd.json"] {
            let used = Set(try Self.text(of: file).matches(of: /twostepd_[a-z_]+/).map { String($0.0) })
            #expect(used.count > 5)
            // One has no value before the first rotation falls due, three have none without an observer, two before an
            // incident, and one without credentials.
            let absent: Set = [
                "twostepd_number_rotation_due_timestamp_seconds", "twostepd_observable_numbers",
                "twostepd_unobserved_numbers", "twostepd_observation_failing_numbers",
                "twostepd_store_restored_timestamp_seconds", "twostepd_history_altered_timestamp_seconds",
                "twostepd_credential_bytes",
            ]
            #expect(used.subtracting(known).subtracting(absent).isEmpty)
        }
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a real Prometheus scrapes it, knows every number, and reads the alert rules`() async throws {
        let (rig, base) = try await rig(3)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let port = try FreePort.find()
        let rules = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../config/prometheus/twostepd.rules.yml").standardized.path
        let settings = rig.folder.appendingPathComponent("prometheus.yml")
        try rig.write(
            """
            global: { scrape_interval: 200ms, evaluation_interval: 200ms }
            rule_files: [\(rules)]
            scrape_configs:
              - job_name: twostepd
                static_configs: [{ targets: ["\(base.dropFirst("http://".count))"] }]

            """, to: settings)
        let words = try Child.open(rig.folder.appendingPathComponent("prometheus.log"))
        defer { close(words) }
        let prometheus = try Child(
            program: "/usr/bin/env",
            [
                "prometheus", "--config.file=\(settings.path)", "--web.listen-address=127.0.0.1:\(port)",
                "--storage.tsdb.path=\(rig.folder.path)/prometheus",
            ], environment: ProcessInfo.processInfo.environment, output: words, errors: words)
        func query(_ text: String) async throws -> String {
            let url = "http://127.0.0.1:\(port)/api/v1/query"
            return try await Shell.run(
                "sh",
                ["-c", "curl --silent --max-time 20 --get \"$0\" --data-urlencode \"query=$1\" || true", url, text])
        }
        try await rig.wait("it has every number") {
            try await query("sum(twostepd_number_converged)").contains("\"3\"]")
        }
        #expect(try await query("up{job=\"twostepd\"}").contains("\"1\"]"))
        #expect(try await query("twostepd_build_info").contains("version"))
        let alerts = try await Shell.run(
            "curl", ["--silent", "--max-time", "20", "http://127.0.0.1:\(port)/api/v1/rules"])
        #expect(alerts.contains("TwostepdNumberExposed") && !alerts.contains("\"health\":\"err\""))
        #expect(await rig.stop(daemon) == 0)
        try await rig.wait("it sees the daemon go") { try await query("up{job=\"twostepd\"}").contains("\"0\"]") }
        prometheus.signal(SIGTERM)
        #expect(await prometheus.exitCode() == 0)
        try await rig.end()
    }

    @Test func `the series of single numbers can be switched off`() async throws {
        let (rig, base) = try await rig(2, more: "metrics: fleet")
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        let body = try await get(base + "/metrics").body
        #expect(!body.contains("+1555") && body.contains("twostepd_numbers{condition=\"converged\"} 2"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    private static func json(_ text: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        guard let dictionary = object as? [String: Any] else { throw TestFailure("not a JSON object: \(text)") }
        return dictionary
    }

    /// Returns a value as text that is the same for equal values.
    private static func text(_ value: Any?) -> String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .fragmentsAllowed]
        // A value that is not JSON has no text, and is equal to nothing.
        guard let value, let data = try? JSONSerialization.data(withJSONObject: value, options: options) else {
            return ""
        }
        return String(decoding: data, as: UTF8.self)
    }
}
