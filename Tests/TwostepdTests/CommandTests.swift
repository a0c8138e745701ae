import Foundation
import SimulatedVendor
import Testing

@Suite("The other commands, the real binary", .inTurn)
struct CommandTests {
    @Test func `plan shows what would be sent, changes nothing, and says so with its exit code`() async throws {
        let rig = try await Rig(Rig.fleet(3, disabled: 1))
        let plan = try await rig.run("plan", "--format", "json", "--detailed-exitcode")
        #expect(plan.code == 2)
        let json = try plan.json()
        let now = json["now"] as? [[String: Any]] ?? []
        #expect(
            now.map { $0["action"] as? String } == ["disable", "disable", "disable"], "the requests that go out first")
        let text = try await rig.run("plan").output
        #expect(text.contains(#/\n  \+15550101001 +n1 +disable then enable +first contact/#), "\(text)")
        #expect(text.contains(#/\n  \+15550101003 +n3 +disable +it should be disabled/#), "\(text)")
        #expect(text.contains("Plan: 1 disable, 2 disable then enable now; 0 later"), "\(text)")
        #expect(json["refused"] is NSNull)
        #expect(rig.vendor.counters.requests == 0)
        #expect(!FileManager.default.fileExists(atPath: rig.store.path))

        #expect(try await rig.run("apply").code == 0)
        let later = try await rig.run("plan", "--format", "json", "--detailed-exitcode")
        #expect(later.code == 0)
        let due = try later.json()["later"] as? [[String: Any]] ?? []
        #expect(
            due.map { $0["action"] as? String } == ["reapply", "reapply", "reapply", "rotate", "rotate"],
            "the two enabled numbers are rotated after their re-apply")
        try await rig.end()
    }

    @Test func `the store shows a person the dates and every change, and no PIN or token`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let dump = try await Shell.run(
            "sqlite3", [rig.store.path, "SELECT number, rotated_at FROM numbers; SELECT * FROM changes;"])
        for entry in rig.entries {
            #expect(dump.contains(entry.number))
            let pin = try #require(try await rig.shownPIN(entry))
            for name in try FileManager.default.contentsOfDirectory(atPath: rig.store.deletingLastPathComponent().path)
            {
                let bytes = try Data(contentsOf: rig.store.deletingLastPathComponent().appendingPathComponent(name))
                #expect(bytes.range(of: Data(pin.utf8)) == nil, "\(name) holds a PIN")
                #expect(bytes.range(of: Data(entry.token.utf8)) == nil, "\(name) holds a token")
            }
        }
        #expect(dump.contains("2026-") || dump.contains("20"), "instants are readable")
        try await rig.end()
    }

    @Test func `pin show records who and why before it prints, with and without a daemon`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        let alone = try await rig.run("pin", "show", rig.entries[0].number, "--reason", "without a daemon", "--stdout")
        #expect(alone.output == "\(rig.truth(rig.entries[0])?.pin ?? "")\n")
        let daemon = try await rig.startDaemon()
        let label = try await rig.run("pin", "show", "n1", "--reason", "with a daemon", "--stdout")
        #expect(label.output == alone.output)
        #expect(try await rig.run("pin", "show", "n1").code == 64)
        #expect(await rig.stop(daemon) == 0)
        let events = try await Shell.run(
            "sqlite3", [rig.store.path, "SELECT actor, detail FROM events WHERE kind = 'pin_revealed'"])
        #expect(events.contains("without a daemon") && events.contains("with a daemon"))
        #expect(!events.contains(rig.truth(rig.entries[0])?.pin ?? "none"))
        try await rig.end()
    }

    @Test func `check shows every problem with line and column, as text and as JSON`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("check").code == 0)
        try rig.write(
            "version: 1\nnumbers:\n  - number: \"+15550100001\"\n    tokn: a\n  - number: \"15550100002\"\n    token: n1\n",
            to: rig.desiredState)
        let result = try await rig.run("check", "--format", "json")
        #expect(result.code == 78)
        let json = try result.json()
        #expect(json["valid"] as? Bool == false)
        let problems = json["problems"] as? [[String: Any]] ?? []
        #expect(problems.count >= 2)
        #expect(problems.contains { $0["line"] as? Int == 4 && $0["column"] as? Int == 5 })
        #expect(problems.allSatisfy { $0.keys.sorted() == ["column", "file", "hint", "line", "message", "severity"] })
        let text = try await rig.run("check")
        #expect(text.errors.contains("desired-state.yaml:4:5: error:"))
        #expect(text.errors.contains("^"))
        try await rig.end()
    }

    @Test func `check reads standard input, annotates for GitHub, and takes warnings for errors when told to`()
        async throws
    {
        var entries = Rig.fleet(2)
        entries[1].operatorPIN = "121212"
        entries[0].extra = ["rotate_every: 300d"]
        let rig = try await Rig(entries)
        let loose = try await rig.run("check")
        #expect(loose.code == 0 && loose.errors.contains("easy to guess") && !loose.errors.contains("121212"))
        #expect(loose.errors.contains("lives for 300d"))
        let strict = try await rig.run("check", "--strict", "--format", "json")
        #expect(strict.code == 78)
        let problems = try strict.json()["problems"] as? [[String: Any]] ?? []
        #expect(try strict.json()["valid"] as? Bool == false && problems.count == 2)
        #expect(problems.allSatisfy { $0["severity"] as? String == "error" })

        try rig.write("version: 1\nnumbers:\n  - numbr: \"+1%\"\n", to: rig.desiredState)
        let annotated = try await rig.run("check", "--format", "github")
        #expect(annotated.code == 78)
        let file = rig.desiredState.path
        #expect(annotated.output.contains("::error file=\(file),line=3,col=5,title=twostepd::"), "\(annotated.output)")
        #expect(annotated.output.contains("%0Ahint: did you mean"))

        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
        let piped = try await Shell.run(
            "sh",
            [
                "-c", "printf '%s' \"$1\" | \"$2\" check - --config \"$3\" --format json || true", "sh", text,
                Binary.url.path,
            ]
                + [rig.config.path])
        #expect(piped.contains("<stdin>") && piped.contains("numbr"), "\(piped)")
        try await rig.end()
    }

    @Test func `plan shows a file that is not in force yet, against the store, and what would hold it`() async throws {
        let rig = try await Rig(Rig.fleet(6), defaults: ["rotate_every: 90d"])
        #expect(try await rig.run("apply", "--accept", try await rig.digest()).code == 0)
        let requests = rig.vendor.counters.requests
        let none = try await rig.run("plan", "--detailed-exitcode")
        #expect(none.code == 0 && none.output.contains("Nothing would be sent now."))
        #expect(none.output.contains("in the next 90 days: ") && none.output.contains("Plan: nothing now"))
        let new = rig.folder.appendingPathComponent("new.yaml")
        let text = try String(contentsOf: rig.desiredState, encoding: .utf8)
            .replacingOccurrences(of: "    token: n2\n", with: "    token: n2\n    verification: disabled\n")
            .replacingOccurrences(of: "    token: n3\n", with: "    token: n3\n    verification: disabled\n")
        try rig.write(text, to: new)
        let plan = try await rig.run("plan", "--desired-state", new.path, "--detailed-exitcode")
        #expect(plan.code == 2, "\(plan.errors)")
        #expect(plan.output.contains("0 added, 2 changed, 0 dropped, 4 unchanged"), "\(plan.output)")
        #expect(plan.output.contains(#/\n  \+15550101002 +n2 +disable/#) && plan.output.contains("HELD: "))
        let json = try await rig.run("plan", "--desired-state", new.path, "--format", "json").json()
        #expect((json["refused"] as? String)?.contains("disable 2 of 6") == true)
        #expect((json["now"] as? [[String: Any]])?.map { $0["action"] as? String } == ["disable", "disable"])
        #expect(rig.vendor.counters.requests == requests)
        try await rig.end()
    }

    @Test func `status has every key of its JSON shape, absent values as null`() async throws {
        let rig = try await Rig(Rig.fleet(2, disabled: 1))
        #expect(try await rig.run("apply").code == 0)
        let json = try await rig.run("status", "--format", "json").json()
        #expect(json.keys.sorted() == ["at", "daemon", "desired_state", "numbers", "version"])
        #expect((json["daemon"] as? [String: Any])?.keys.sorted() == ["pid", "running", "since"])
        #expect(
            (json["desired_state"] as? [String: Any])?.keys.sorted()
                == ["held_revision", "loaded_at", "revision", "sha256", "valid"])
        let file = ManPageTests.repository.appending(path: "docs/reference.md")
        let reference = try String(contentsOf: file, encoding: .utf8)
        let section = try #require(reference.firstMatch(of: #/\n## Status\n(?s:(.*?))\n## /#)?.output.1)
        let documented = section.matches(of: #/(?m)^\| `(\w+)` \|/#).map { String($0.output.1) }
        for number in json["numbers"] as? [[String: Any]] ?? [] {
            #expect(
                number.keys.sorted() == [
                    "applied_at", "attempts", "belief", "certain", "condition", "desired", "label", "last_error",
                    "next_action", "next_action_at", "number", "observed", "observed_at", "pin_generation",
                    "reapply_refusals", "reason", "rotated_at", "vendor",
                ])
            #expect(number.keys.sorted() == documented.sorted(), "each key has its row in docs/reference.md")
        }
        let history = try await rig.run("history", "--format", "json").json()
        for change in history["changes"] as? [[String: Any]] ?? [] {
            #expect(
                change.keys.sorted() == [
                    "action", "answered_at", "api_status", "generation", "http_status", "id", "message", "number",
                    "outcome", "reason", "sent_at",
                ])
        }
        try await rig.end()
    }

    @Test func `without a daemon, reload exits with 69 and says what to do`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        let result = try await rig.run("reload")
        #expect(result.code == 69)
        #expect(result.errors.contains("twostepd run"))
        try await rig.end()
    }

    @Test func `an unknown option is a usage error, 64`() async throws {
        #expect(try await Binary.run(["status", "--nonsense"]).code == 64)
    }
}
