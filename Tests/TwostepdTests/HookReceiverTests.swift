import Foundation
import SimulatedVendor
import Testing

/// Receivers that fail in their own ways, and the reports of it.
@Suite("Receivers of notifications, the real binary", .inTurn)
struct HookReceiverTests {
    private static func add(_ hook: String, to rig: Rig) throws {
        try rig.write(try String(contentsOf: rig.config, encoding: .utf8) + "hooks:\n" + hook, to: rig.config)
    }

    /// Returns the only hook, as in `hooks --format json`.
    private static func hook(_ rig: Rig) async throws -> [String: Any] {
        let output = try await rig.run("hooks", "--format", "json").output
        let document = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
        return try #require((document?["hooks"] as? [[String: Any]])?.first)
    }

    @Test func `a disable that is refused and tried again exposes nobody, and nobody is notified of it (20.14)`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let receiver = try WebhookReceiver()
        try Self.add(
            """
              - name: chat
                on: [exposed, rotated]
                url: \(receiver.url)

            """, to: rig)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the first PIN is told of") { receiver.posts.count == 1 }
        rig.vendor.setFaults([.tooManyRequests: 1])
        #expect(try await rig.run("rotate", "n1").code == 0)
        try await rig.wait("it is refused") { try await rig.query("SELECT attempts FROM numbers") != ["0"] }
        rig.vendor.setFaults([:])
        try await rig.wait("the second PIN is told of") {
            receiver.posts.contains { $0.json["generation"] as? Int == 2 }
        }
        #expect(receiver.posts.allSatisfy { $0["kind"] == "rotated" }, "\(receiver.posts.map(\.body))")
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test
    func
        `a receiver that fails for one number is failing as long as it does, and delays no other notification (20.14)`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let receiver = try WebhookReceiver()
        try Self.add(
            """
              - name: chat
                on: [rotated, invalid]
                url: \(receiver.url)

            """, to: rig)
        let bad = rig.entries[0].number
        receiver.reply { post in
            post["number"] == bad ? .init(status: 400, body: "no such contact") : .init(status: 204)
        }
        let daemon = try await rig.startDaemon()
        try await rig.wait("one fails and one is delivered") {
            try await rig.query("SELECT attempts > 0 FROM outbox") == ["1"]
                && receiver.posts.contains { $0["number"] != bad }
        }
        let since = try await Self.hook(rig)["failing_since"] as? String
        #expect(since != nil)
        #expect(try await rig.run("rotate", "n2", "--wait").code == 0)
        try rig.write("nonsense", to: rig.desiredState)
        try await rig.wait("what concerns the fleet is delivered") {
            receiver.posts.contains { $0["kind"] == "invalid" }
        }
        let hook = try await Self.hook(rig)
        #expect(hook["failing_since"] as? String == since, "what is delivered in between changes nothing")
        #expect(hook["last_error"] as? String == "the answer was 400 Bad Request: no such contact")
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `Retry-After of a receiver that is overloaded holds everything that the hook has to deliver (20.14)`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let receiver = try WebhookReceiver()
        receiver.reply { _ in .init(status: 429, headers: ["Retry-After: 1800"]) }
        try Self.add(
            """
              - name: chat
                on: [rotated]
                url: \(receiver.url)

            """, to: rig)
        let daemon = try await rig.startDaemon()
        try await rig.wait("both wait, and one was tried") {
            try await rig.query("SELECT attempts FROM outbox ORDER BY attempts") == ["0", "1"]
        }
        let wait = try await rig.query(
            "SELECT (julianday(retry_at) - julianday(failed_at)) * 86400 > 1799 FROM outbox WHERE attempts = 1")
        #expect(wait == ["1"])
        // A new notification is another event, and is no reason to ask the receiver again.
        #expect(try await rig.run("rotate", "n2", "--wait").code == 0)
        #expect(try await rig.query("SELECT count(*) FROM outbox") == ["3"])
        #expect(receiver.posts.count == 1)
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `a 200 whose body has failure_text is a failure that quotes the answer, without the URL (20.14)`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let receiver = try WebhookReceiver()
        let url = receiver.url
        receiver.reply { _ in .init(body: #"{"ok":false,"error":"channel_not_found"} at "# + url) }
        try Self.add(
            """
              - name: chat
                on: [rotated]
                url: \(url)
                failure_text: '"ok":false'

            """, to: rig)
        let daemon = try await rig.startDaemon()
        try await rig.wait("it fails") { try await rig.query("SELECT attempts > 0 FROM outbox") == ["1"] }
        #expect(
            try await Self.hook(rig)["last_error"] as? String
                == #"the answer was 200 OK, and its text contains failure_text: {"ok":false,"error":"channel_not_found"} at "#
                + "[redacted]")
        receiver.reply { _ in .init(body: #"{"ok":true}"#) }
        try await rig.wait("it is delivered") { try await rig.query("SELECT count(*) FROM outbox") == ["0"] }
        let hook = try await Self.hook(rig)
        #expect(hook["failing_since"] is NSNull && hook["last_error"] is NSNull && hook["delivered"] as? Int == 1)
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `failure_text is for what is posted, and is not empty (20.14)`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        let cases = [
            ("command: [/bin/true]\n    failure_text: bad\n", "'failure_text' applies to hooks with a URL"),
            ("url: https://h.example/\n    failure_text: ''\n", "must have 1 to 200 bytes"),
        ]
        for (lines, words) in cases {
            try rig.write(settings + "hooks:\n  - name: a\n    on: [rotated]\n    " + lines, to: rig.config)
            let result = try await rig.run("check")
            #expect(result.code == 78 && result.errors.contains(words), "\(lines): \(result.errors)")
        }
        try await rig.end()
    }
}
