import Foundation
import Glibc
import SimulatedVendor
import Testing

@Suite("The audited history, the real binary", .inTurn)
struct AuditTests {
    @Test func `verify is content with what the daemon wrote, also beside it, and after a kill`() async throws {
        let rig = try await Rig(Rig.fleet(3), defaults: ["rotate_every: 1s"])
        let daemon = try await rig.startDaemon()
        try await rig.wait("some rotations") { rig.vendor.counters.requests > 12 }
        let first = try await rig.run("audit", "verify", "--format", "json")
        #expect(first.code == 0, "\(first.errors)")
        let json = try first.json()
        #expect(
            json.keys.sorted()
                == ["adopted", "first", "head", "intact", "links", "open", "problems", "pruned_before", "version"])
        #expect(json["intact"] as? Bool == true && (json["links"] as? Int ?? 0) > 12)
        let head = try #require(json["head"] as? String)
        daemon.signal(SIGKILL)
        _ = await daemon.exitCode()
        let second = try await rig.startDaemon()
        #expect(await rig.stop(second) == 0)
        let later = try await rig.run("audit", "verify", "--anchor", head)
        #expect(later.code == 0, "\(later.errors)")
        #expect(later.output.contains("intact"))
        try await rig.end()
    }

    @Test func `verify names the first row that somebody edited, and exits with 1`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let shell: (String) async throws -> Void = { _ = try await Shell.run("sqlite3", [rig.store.path, $0]) }
        let head = try #require(try await rig.run("audit", "verify", "--format", "json").json()["head"] as? String)
        try await shell(
            """
            DROP TRIGGER events_are_never_updated;
            UPDATE events SET detail = 'nothing to see here' WHERE id = 2;
            UPDATE events SET detail = 'nor here' WHERE id = 3;
            """)
        let result = try await rig.run("audit", "verify")
        #expect(result.code == 1)
        #expect(result.output.contains("NOT INTACT"))
        #expect(result.errors.contains("2 problems"), "\(result.errors)")
        #expect(result.errors.contains("row 2 of events (20"), "\(result.errors)")
        let json = try await rig.run("audit", "verify", "--format", "json").json()
        let first = try #require(json["first"] as? [String: Any])
        #expect(first["problem"] as? String == "edited" && first["table"] as? String == "events")
        #expect(try await rig.run("audit", "verify", "--anchor", "1:" + head.suffix(64)).code == 1)
        #expect(try await rig.run("audit", "verify", "--anchor", "nonsense").code != 0)
        try await rig.end()
    }

    @Test func `newest rows that were cut off between two starts are reported for good`() async throws {
        let rig = try await Rig(Rig.fleet(1))
        #expect(try await rig.run("apply").code == 0)
        _ = try await Shell.run(
            "sqlite3",
            [
                rig.store.path,
                """
                DROP TRIGGER audit_chain_is_never_deleted; DROP TRIGGER events_are_never_deleted;
                DELETE FROM audit_chain WHERE sequence >= (
                    SELECT min(sequence) FROM audit_chain WHERE entry = 'event' AND row_id = 1);
                DROP TRIGGER changes_are_never_deleted; DELETE FROM events; DELETE FROM changes;
                """,
            ])
        let before = try await rig.run("audit", "verify")
        #expect(before.code == 1 && before.errors.contains("cut off"), "\(before.errors)")
        #expect(try await rig.run("apply").code == 0)
        let after = try await rig.run("audit", "verify")
        #expect(after.code == 1 && after.errors.contains("a start found that the newest history"), "\(after.errors)")
        try await rig.end()
    }

    @Test func `history is exported and pruned, and what is left still verifies`() async throws {
        let rig = try await Rig(Rig.fleet(2))
        #expect(try await rig.run("apply").code == 0)
        let recent = try await rig.run("audit", "prune", "--before", "2999-01-01")
        #expect(recent.code == 1 && recent.errors.contains("24 hours"))
        #expect(try await rig.run("audit", "prune", "--before", "yesterday").code == 64)
        let none = try await rig.run("audit", "prune", "--before", "2000-01-01")
        #expect(none.code == 0 && none.output == "0 requests and 0 events were removed\n")

        let file = rig.folder.appendingPathComponent("export.jsonl")
        let export = try await rig.run("audit", "export", "--before", "2999-01-01", "--output", file.path)
        #expect(export.code == 0, "\(export.errors)")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let links = try #require(try await rig.run("audit", "verify", "--format", "json").json()["links"] as? Int)
        #expect(lines.count == links)
        for line in lines {
            let json = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            #expect(json.keys.sorted() == ["entry", "mac", "row", "sequence", "table", "version"])
        }
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try await rig.run("audit", "export", "--before", "2999-01-01", "--output", file.path).code == 1)
        let printed = try await rig.run("audit", "export", "--before", "2000-01-01")
        #expect(printed.code == 0 && printed.output.isEmpty)

        let daemon = try await rig.startDaemon()
        let beside = try await rig.run("audit", "prune", "--before", "2000-01-01")
        #expect(beside.code == 1 && beside.errors.contains("stop it"), "not beside a daemon")
        #expect(await rig.stop(daemon) == 0)
        try await rig.end()
    }
}
