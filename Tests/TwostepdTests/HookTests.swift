import Crypto
import Foundation
import SimulatedVendor
import Testing

@Suite("Words to other systems, the real binary", .inTurn)
struct HookTests {
    private static func add(_ hooks: String, to rig: Rig, secrets: String = "") throws {
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings + "hooks:\n" + hooks, to: rig.config)
        let file = rig.folder.appendingPathComponent("secrets.yaml")
        let old = try String(contentsOf: file, encoding: .utf8)
        try rig.write(old.replacingOccurrences(of: "tokens:\n", with: "tokens:\n" + secrets), to: file)
    }

    @Test func `a webhook is told of each rotation in order, signed, and what was refused comes again with its own id`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let receiver = try WebhookReceiver()
        try Self.add(
            """
              - name: inventory
                on: [rotated]
                url_secret: hook-url
                signing_secret: hook-key

            """, to: rig, secrets: "  hook-url: \(receiver.url)\n  hook-key: sign-with-this-key-0123456789\n")
        receiver.answer { post in
            post["number"] == rig.entries[0].number && post.json["attempt"] as? Int == 1 ? 500 : 204
        }
        let daemon = try await rig.startDaemon()
        try await rig.wait("both are told of") { Set(receiver.posts.compactMap { $0["number"] }).count == 2 }
        #expect(try await rig.run("rotate", "n1", "--wait").code == 0)
        #expect(rig.logText.contains("Hook failed") && rig.logText.contains("the answer was 500"))
        receiver.answer { _ in 204 }
        let number = rig.entries[0].number
        try await rig.wait("both rotations of the first are told of") {
            Set(receiver.posts.filter { $0["number"] == number }.compactMap { $0["id"] }).count == 2
        }
        try await rig.wait("nothing waits") { try await rig.query("SELECT count(*) FROM outbox") == ["0"] }
        let posts = receiver.posts.filter { $0["number"] == number }
        #expect(posts.count == 3, "once refused, once again, and the next: \(posts.map(\.body))")
        #expect(posts.map { $0["id"] }[0] == posts.map { $0["id"] }[1])
        #expect(posts.compactMap { $0.json["generation"] as? Int } == [1, 1, 2], "in order")
        for post in receiver.posts {
            #expect(post["kind"] == "rotated" && post["summary"]?.contains("a new PIN is live") == true)
            #expect(post.json["pin"] == nil)
            let id = try #require(post.header("webhook-id"))
            let timestamp = try #require(post.header("webhook-timestamp"))
            let mac = HMAC<SHA256>.authenticationCode(
                for: Data("\(id).\(timestamp).\(post.body)".utf8),
                using: SymmetricKey(data: Data("sign-with-this-key-0123456789".utf8)))
            #expect(post.header("webhook-signature") == "v1,\(Data(mac).base64EncodedString())")
            #expect(id == post["id"])
        }
        #expect(!rig.logText.contains("very-secret-url") && !rig.logText.contains("sign-with-this"))
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test
    func
        `words outlive a kill and a receiver that is away, and trouble is told of with its end, in a chat tool's form`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let receiver = try WebhookReceiver()
        try Self.add(
            """
              - name: chat
                on: [exposed, failed, recovered, held, invalid]
                url: \(receiver.url)
                template: '{"text": "{{summary}}", "kind": "{{ kind }}"}'

            """, to: rig)
        #expect(try await rig.run("check").code == 0)
        var daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(receiver.posts.isEmpty, "nothing to tell of")
        receiver.answer { _ in 503 }
        let good = try String(contentsOf: rig.desiredState, encoding: .utf8)
        try rig.write("nonsense", to: rig.desiredState)
        try await rig.wait("the word waits") { try await rig.query("SELECT kind FROM outbox") == ["invalid"] }
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        receiver.answer { _ in 200 }
        try rig.write(good, to: rig.desiredState)
        daemon = try await rig.startDaemon()
        try await rig.wait("it is told of") { receiver.posts.contains { $0["kind"] == "invalid" } }
        rig.vendor.setFaults([.refuseEnable: 1])
        #expect(try await rig.run("rotate", "n2").code == 0)
        try await rig.wait("trouble is told of") {
            Set(receiver.posts.compactMap { $0["kind"] }).isSuperset(of: ["exposed", "failed"])
        }
        rig.vendor.setFaults([:])
        try await rig.wait("its end is told of") { receiver.posts.contains { $0["kind"] == "recovered" } }
        let text = try #require(receiver.posts.first { $0["kind"] == "exposed" }?["text"])
        #expect(text.hasPrefix("twostepd: n2 (\(rig.entries[1].number)): it may be without"), "\(text)")
        #expect(await rig.stop(daemon) == 0)
        receiver.stop()
        try await rig.end()
    }

    @Test func `a program gets the new PIN when it was promised, in an empty environment, and the audit trail says so`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let kept = rig.folder.appendingPathComponent("kept")
        let script = rig.folder.appendingPathComponent("keep.sh")
        try rig.write(
            """
            #!/bin/sh
            { cat; echo; env | sort; pwd; ls /proc/self/fd | wc -l; } >> \(kept.path)

            """, to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
        try Self.add(
            """
              - name: vault
                on: [rotated, revealed]
                command: [\(script.path)]
                include_pin: true

            """, to: rig)
        // Also without a daemon: apply delivers its notifications before it ends.
        #expect(try await rig.run("apply").code == 0)
        let text = try String(contentsOf: kept, encoding: .utf8)
        let lines = text.components(separatedBy: "\n")
        let document = try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any] ?? [:]
        #expect(document["pin"] as? String == rig.truth(rig.entries[0])?.pin)
        #expect(document["pin"] as? String == (try await rig.shownPIN(rig.entries[0])))
        let variables = Set(lines.filter { $0.contains("=") && !$0.hasPrefix("{") }.map { $0.prefix { $0 != "=" } })
        #expect(
            variables.isSubset(of: ["PATH", "LANG", "TWOSTEPD_HOOK", "TWOSTEPD_EVENT", "PWD", "SHLVL", "_", "OLDPWD"]))
        #expect(lines.contains("/"), "its working directory")
        let looks = try await rig.query(
            "SELECT actor || ': ' || detail FROM events WHERE kind = 'pin_revealed' ORDER BY id")
        #expect(looks.first == "hook vault: generation 1, for a program, as the settings say")
        #expect(text.components(separatedBy: "\n").count { $0.hasPrefix("{") } == 1, "its own look is not told of")
        try await rig.end()
    }

    @Test
    func
        `a program that hangs is ended with what it started, its words are shown without the PIN, and nothing waits for it`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(2))
        let script = rig.folder.appendingPathComponent("hang.sh")
        let pids = rig.folder.appendingPathComponent("pids")
        try rig.write(
            """
            #!/bin/sh
            cat >&2
            sleep 1000 & echo $$ $! > \(pids.path)
            wait

            """, to: script)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
        try Self.add(
            """
              - name: slow
                on: [rotated]
                command: [\(script.path)]
                include_pin: true
                timeout: 3s

            """, to: rig)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try await rig.wait("the failure is known") {
            try await rig.query("SELECT error FROM outbox WHERE error IS NOT NULL").first?.contains("longer than 3 s")
                == true
        }
        let error = try await rig.query("SELECT error FROM outbox WHERE error IS NOT NULL").first ?? ""
        #expect(error.contains("\"kind\":\"rotated\""), "what it said is shown: \(error)")
        for entry in rig.entries {
            #expect(
                !error.contains(rig.truth(entry)?.pin ?? "none")
                    && !rig.logText.contains(rig.truth(entry)?.pin ?? "none"))
        }
        for pid in try String(contentsOf: pids, encoding: .utf8).split(whereSeparator: \.isWhitespace) {
            let process = try #require(Int32(pid))
            try await rig.wait("process \(process) is gone") { kill(process, 0) != 0 }
        }
        let before = rig.vendor.counters.requests
        #expect(try await rig.run("rotate", "n2", "--wait").code == 0)
        #expect(rig.vendor.counters.requests > before)
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }

    @Test func `a stop does not wait for a program that takes its time: it is ended, and its word is told again`()
        async throws
    {
        let rig = try await Rig(Rig.fleet(1))
        let runs = rig.folder.appendingPathComponent("runs")
        try Self.add(
            """
              - name: slow
                on: [rotated]
                command: [/bin/sh, -c, "echo $$ >>\(runs.path); sleep 1000"]
                timeout: 120s

            """, to: rig)
        func pids() -> [Int32] {
            // No file means no run yet.
            ((try? String(contentsOf: runs, encoding: .utf8)) ?? "").split(separator: "\n").compactMap { Int32($0) }
        }
        for count in 1...2 {
            let daemon = try await rig.startDaemon()
            try await rig.wait("the program runs") { pids().count == count }
            daemon.signal(SIGTERM)
            #expect(await daemon.exitCode(within: .seconds(60)) == 0)
            let pid = try #require(pids().last)
            #expect(kill(pid, 0) != 0, "the program has ended")
        }
        #expect(
            try await rig.query("SELECT kind FROM events WHERE kind IN ('stopped', 'crashed')") == [
                "stopped", "stopped",
            ])
        #expect(try await rig.query("SELECT attempts, given_up FROM outbox") == ["0|0"])
        try await rig.end()
    }

    @Test func `hooks that cannot work are refused with their line and what to write`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        let cases = [
            ("  - name: a\n    on: [rotate]\n    url: https://h.example/\n", "did you mean 'rotated'"),
            ("  - name: a\n    on: [rotated]\n", "needs exactly one of"),
            ("  - name: a\n    on: [rotated]\n    url: http://h.example/\n", "must begin with https://"),
            (
                "  - name: a\n    on: [rotated]\n    url: https://h.example/\n    include_pin: true\n",
                "applies to programs only"
            ),
            ("  - name: a\n    on: [rotated]\n    command: [true]\n", "absolute path"),
            (
                "  - name: a\n    on: [rotated]\n    url: https://h.example/\n    template: '{\"a\": {{pin}}}'\n",
                "known words"
            ),
            ("  - name: a\n    on: []\n    url: https://h.example/\n", "a list of the notifications"),
        ]
        for (hooks, words) in cases {
            try rig.write(settings + "hooks:\n" + hooks, to: rig.config)
            let result = try await rig.run("check")
            #expect(result.code == 78 && result.errors.contains(words), "\(hooks): \(result.errors)")
        }
        try await rig.end()
    }
}
