import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("Reports of what was seen, the real binary", .inTurn)
struct ObserveCommandTests {
    /// Makes a fleet of three that is as desired, and its daemon.
    private func fleet(hooks: String = "") async throws -> (rig: Rig, daemon: Child) {
        let rig = try await Rig(Rig.fleet(3))
        if !hooks.isEmpty {
            let settings = try String(contentsOf: rig.config, encoding: .utf8)
            try rig.write(settings + hooks, to: rig.config)
        }
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        return (rig, daemon)
    }

    /// WhatsApp's webhook, as documented, with these changes.
    static func body(_ changes: [(event: String, number: String)], field: String = "security") -> String {
        let all = changes.map { change in
            #"{"field":"\#(field)","value":{"display_phone_number":"\#(change.number.drop { $0 == "+" })","#
                + #""event":"\#(change.event)","requester":"100064"}}"#
        }
        return #"{"object":"whatsapp_business_account","entry":[{"id":"1","time":1790000000,"changes":["#
            + all.joined(separator: ",") + "]}]}"
    }

    /// Passes a body to `observe --from meta-security`.
    private func receive(_ rig: Rig, _ body: String) async throws -> Binary.Result {
        let file = rig.folder.appendingPathComponent("body.json")
        try rig.write(body, to: file)
        return try await Binary.run(
            ["observe", "--from", "meta-security", "--config", rig.config.path], input: file)
    }

    private func events(_ rig: Rig, _ kind: String) async throws -> [String] {
        try await rig.query(
            "SELECT number || ' ' || actor || ' ' || detail FROM events WHERE kind = '\(kind)' ORDER BY id")
    }

    @Test func `a number that is reported off is on again within two requests, and the audit trail says who and why`()
        async throws
    {
        let (rig, daemon) = try await fleet()
        let (number, token) = (rig.entries[1].number, rig.entries[1].token)
        try rig.vendor.stranger(sets: token, to: .off)
        let before = rig.vendor.requests.count
        let result = try await rig.run("observe", "n2", "off", "--source", "WhatsApp Manager,\nticket 4711")
        #expect(result.code == 0 && result.output.isEmpty, "\(result.errors)")
        #expect(result.errors.contains("reported: \(number) off"))
        try await rig.wait("it is on again") { rig.vendor.truth[token]?.pin != nil }
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(rig.vendor.requests.count - before <= 2)
        #expect(try await rig.disagreements() == [])
        let observed = try await events(rig, "observed")
        #expect(observed.count == 1)
        #expect(observed[0].hasPrefix("\(number) ") && observed[0].contains("uid \(getuid())"), "\(observed)")
        #expect(observed[0].hasSuffix(" off: WhatsApp Manager, ticket 4711"), "\(observed)")
        let drift = try await events(rig, "drift")
        #expect(drift.count == 1 && drift[0].contains("seen off by WhatsApp Manager, ticket 4711"), "\(drift)")
        #expect(rig.logText.contains("Report") && rig.logText.contains("reported: \(number) off"))
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a number whose PIN was changed is reset, and one that is reported on as believed causes no request`()
        async throws
    {
        let (rig, daemon) = try await fleet()
        let (number, token) = (rig.entries[0].number, rig.entries[0].token)
        let before = rig.vendor.requests.count
        #expect(try await rig.run("observe", number, "on", "--source", "handset").code == 0)
        try rig.vendor.stranger(sets: token, to: .on(pin: "604189"))
        #expect(try await rig.run("observe", number, "pin-changed", "--source", "handset").code == 0)
        try await rig.wait("it has a PIN of ours") {
            guard let pin = rig.vendor.truth[token]?.pin, pin != "604189" else { return false }
            return try await rig.isConverged()
        }
        #expect(rig.vendor.requests.count - before == 2, "a disable and an enable")
        #expect(try await rig.disagreements() == [])
        #expect(try await events(rig, "observed").count == 2)
        #expect(try await events(rig, "drift").count == 1, "on was no news")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a webhook's body resets the numbers that it names, in one pass, and names the one that is not managed`()
        async throws
    {
        let (rig, daemon) = try await fleet()
        try rig.vendor.stranger(sets: rig.entries[0].token, to: .on(pin: "604187"))
        try rig.vendor.stranger(sets: rig.entries[2].token, to: .off)
        let before = rig.vendor.requests.count
        let result = try await receive(
            rig,
            Self.body([
                ("PIN_CHANGED", rig.entries[0].number), ("PIN_CHANGED", "+15550109999"),
                ("PIN_RESET_SUCCESS", rig.entries[2].number), ("PIN_EXPLODED", rig.entries[1].number),
            ]))
        #expect(result.code == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("not in the desired state in force: +15550109999; reported: "))
        #expect(result.errors.contains("ignored: \(rig.entries[1].number): unknown event PIN_EXPLODED"))
        try await rig.wait("all are as desired again") {
            guard rig.vendor.truth[rig.entries[0].token] != .on(pin: "604187") else { return false }
            guard try await rig.isConverged() else { return false }
            return try await rig.disagreements() == []
        }
        #expect(rig.vendor.requests.count - before == 3, "a reset, and an enable")
        let observed = try await events(rig, "observed")
        #expect(observed.count == 2)
        #expect(observed.allSatisfy { $0.contains("uid \(getuid())") })
        #expect(observed[0].hasSuffix(" PIN changed: meta-security, requester 100064"), "\(observed)")
        #expect(observed[1].hasSuffix(" off: meta-security, requester 100064"), "\(observed)")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a change that cannot be read is named, and keeps none of the others from being reported`() async throws
    {
        let (rig, daemon) = try await fleet()
        try rig.vendor.stranger(sets: rig.entries[2].token, to: .off)
        let good = Self.body([("PIN_RESET_SUCCESS", rig.entries[2].number)])
        let odd =
            #"{"field":"security","value":{"event":7}},{"field":"security","value":{"display_phone_number":"none","event":"PIN_CHANGED"}},"#
        let result = try await receive(rig, good.replacing(#""changes":["#, with: #""changes":["# + odd))
        #expect(result.code == 1 && result.output.isEmpty, "\(result)")
        #expect(result.errors.contains("reported: \(rig.entries[2].number) off"), "\(result.errors)")
        #expect(result.errors.contains("not reported: a display_phone_number is not a telephone number; read the body"))
        #expect(result.errors.ranges(of: "not reported").count == 2, "\(result.errors)")
        try await rig.wait("it is on again") { rig.vendor.truth[rig.entries[2].token]?.pin != nil }
        #expect(try await events(rig, "observed").count == 1)
        #expect(await rig.stop(daemon) == 0)
        let late = try await receive(rig, good)
        #expect(late.code == 69, "\(late)")
        try await rig.end()
    }

    @Test func `a person who asks WhatsApp to disable a number is an event and a notification, and no request`()
        async throws
    {
        let receiver = try WebhookReceiver()
        let (rig, daemon) = try await fleet(
            hooks: "hooks:\n  - name: chat\n    on: [disable_requested]\n    url: \(receiver.url)\n")
        let before = rig.vendor.requests.count
        let result = try await receive(rig, Self.body([("PIN_RESET_REQUEST", rig.entries[1].number)]))
        #expect(result.code == 0, "\(result.errors)")
        try await rig.wait("the notification arrives") { !receiver.posts.isEmpty }
        let post = try #require(receiver.posts.first)
        #expect(post["kind"] == "disable_requested" && post["number"] == rig.entries[1].number)
        #expect(post["detail"] == "disabling requested: meta-security, requester 100064")
        #expect(try await events(rig, "disable_requested").count == 1)
        #expect(try await events(rig, "drift") == [] && rig.vendor.requests.count == before)
        #expect(try await rig.isConverged())
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `many changes in one body are all reported`() async throws {
        let (rig, daemon) = try await fleet()
        let changes = (0..<250).map { ("PIN_RESET_REQUEST", rig.entries[$0 % 3].number) }
        let result = try await receive(rig, Self.body(changes))
        #expect(result.code == 0, "\(result.errors)")
        #expect(try await events(rig, "disable_requested").count == 250)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `rubbish, other webhooks and incomplete command lines report nothing, each with its exit code`()
        async throws
    {
        let (rig, daemon) = try await fleet()
        let before = rig.vendor.requests.count
        let good = Self.body([("PIN_CHANGED", rig.entries[0].number)])
        for (body, words) in [
            ("", "not JSON"), ("rubbish", "not JSON"), (String(good.dropLast()), "not JSON"), ("[]", "not JSON"),
            ("{}", "object is missing"), (good.replacing("whatsapp_business_account", with: "page"), "its object"),
            (good.replacing("\"event\"", with: "\"evnt\""), "entry[0].changes[0].value.event is missing"),
            (good.replacing("\"15550101001\"", with: "15550101001"), "display_phone_number has another type"),
            (good.replacing("15550101001", with: "none"), "not a telephone number"),
            (good + String(repeating: " ", count: 1 << 20), "more than 1 MiB"),
            (String(repeating: "[", count: 100_000), "not JSON"),
            (Self.body(Array(repeating: ("PIN_CHANGED", "+15550101001"), count: 1001)), "more than 1000 changes"),
        ] {
            let result = try await receive(rig, body)
            #expect(result.code == 65 && result.errors.contains(words), "\(words): \(result)")
            #expect(result.errors.contains("error: ") && result.output.isEmpty)
        }
        let other = try await receive(rig, Self.body([("x", "+15550101001")], field: "messages"))
        #expect(other.code == 0 && other.errors.contains("nothing to report"))
        let cases: [([String], Int32, String)] = [
            ([], 64, "name the number"), (["n1"], 64, "name the number"), (["n1", "off"], 64, "--source"),
            (["n1", "off", "--source", " "], 64, "--source"), (["n1", "gone", "--source", "x"], 64, "gone"),
            (["n1", "off", "--source", "x", "--from", "meta-security"], 64, "not both"),
            (["--from", "elsewhere"], 64, "elsewhere"), (["n9", "off", "--source", "x"], 1, "n9"),
            (["+15550109999", "off", "--source", "x"], 1, "+15550109999"),
        ]
        for (arguments, code, words) in cases {
            let result = try await Binary.run(["observe"] + arguments + ["--config", rig.config.path])
            #expect(result.code == code && result.errors.contains(words), "\(arguments): \(result)")
        }
        #expect(try await events(rig, "observed") == [] && rig.vendor.requests.count == before)
        #expect(await rig.stop(daemon) == 0)
        let none = try await receive(rig, good)
        #expect(none.code == 69 && none.errors.contains("twostepd run"), "\(none)")
        try await rig.end()
    }

    /// Returns the script of this name in docs/operations.md, as a file of the rig.
    private func script(_ name: String, _ rig: Rig, _ change: (String) -> String = { $0 }) throws -> URL {
        let file = ManPageTests.repository.appending(path: "docs/operations.md")
        let head = "```sh\n#!/bin/sh\n# /usr/local/lib/twostepd/\(name):"
        let text = try String(contentsOf: file, encoding: .utf8)
        let begin = try #require(text.range(of: head)).lowerBound
        let block = text[begin...].split(separator: "\n").dropFirst().prefix { !$0.hasPrefix("```") }
        let script = rig.folder.appendingPathComponent(name)
        try rig.write(change(block.joined(separator: "\n") + "\n"), to: script)
        return script
    }

    /// Calls a script that finds the binary and the rig's settings.
    private func call(
        _ script: URL, _ rig: Rig, _ body: String, _ variables: [String: String]
    ) async throws -> String {
        let input = rig.folder.appendingPathComponent("request")
        try rig.write(body, to: input)
        let path = "\(Binary.url.deletingLastPathComponent().path):/usr/bin:/bin"
        let environment = variables.merging(["PATH": path, "TWOSTEPD_CONFIG": rig.config.path]) { $1 }
        return try await Shell.run(
            "env",
            environment.map { "\($0)=\($1)" } + [
                "sh", "-c", "sh \"$0\" <\"$1\" || echo \"exit $?\"", script.path, input.path,
            ])
    }

    @Test func `the receivers in docs/operations.md report bodies with the right signature, and nothing else`()
        async throws
    {
        let (rig, daemon) = try await fleet()
        let secrets = rig.folder.appendingPathComponent("secrets-of-webhook")
        try rig.write("APP_SECRET=app-secret\nVERIFY_TOKEN=verify-me\n", to: secrets)
        let script = try script("meta-webhook", rig) {
            $0.replacing("/etc/twostepd/meta-webhook", with: secrets.path)
        }
        func call(_ body: String, _ variables: [String: String]) async throws -> String {
            try await self.call(script, rig, body, variables)
        }
        let body = Self.body([("PIN_RESET_REQUEST", rig.entries[1].number)])
        let mac = try await Shell.run(
            "sh", ["-c", "printf %s \"$0\" | openssl dgst -sha256 -hmac app-secret -r | cut -d ' ' -f 1", body])
        let signature = "sha256=" + mac.trimmingCharacters(in: .whitespacesAndNewlines)
        let post = ["REQUEST_METHOD": "POST", "HTTP_X_HUB_SIGNATURE_256": signature]
        #expect(try await call(body, post).hasPrefix("Status: 200"))
        #expect(try await events(rig, "disable_requested").count == 1)
        #expect(try await call(body + " ", post).hasPrefix("Status: 403"))
        #expect(try await call(body, ["REQUEST_METHOD": "POST"]).hasPrefix("Status: 403"))
        #expect(try await events(rig, "disable_requested").count == 1)
        let query = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
        let challenge = try await call("", ["REQUEST_METHOD": "GET", "QUERY_STRING": query + "verify-me"])
        #expect(challenge.hasPrefix("Status: 200") && challenge.hasSuffix("\r\n1158201444"))
        #expect(
            try await call("", ["REQUEST_METHOD": "GET", "QUERY_STRING": query + "other"]).hasPrefix("Status: 403"))
        let ssh = try self.script("ssh-report", rig)
        #expect(try await self.call(ssh, rig, body, [:]) == "")
        #expect(try await events(rig, "disable_requested").count == 2)
        let command = "\(rig.entries[1].number) on"
        #expect(try await self.call(ssh, rig, "", ["SSH_ORIGINAL_COMMAND": command]) == "")
        #expect(try await events(rig, "observed").map { $0.hasSuffix(" on: n8n") } == [true])
        for command in ["--from meta-security", "n2 off", "+15550101002 off x", "+15550101002 $(id)", "*", "sh"] {
            let refused = try await self.call(ssh, rig, body, ["SSH_ORIGINAL_COMMAND": command])
            #expect(refused == "exit 64\n", "\(command)")
        }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await call(body, post).hasPrefix("Status: 503"), "WhatsApp sends it again later")
        try await rig.end()
    }
}
