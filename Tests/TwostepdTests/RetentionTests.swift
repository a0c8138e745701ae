import ConfigFile
import Foundation
import Glibc
import Planning
import SimulatedVendor
import Storage
import Testing

@testable import Daemon

@Suite("History that is kept no longer, the real binary", .inTurn)
struct RetentionTests {
    private static let day: Int64 = 86_400

    /// Makes a rig with `keep_changes`, whose store holds `count` events and requests of long ago, as an earlier run
    /// has written them.
    private func rig(keep: String, old count: Int) async throws -> Rig {
        let rig = try await Rig(Rig.fleet(2))
        let settings = try String(contentsOf: rig.config, encoding: .utf8)
        try rig.write(settings + "keep_changes: \(keep)\n", to: rig.config)
        let location = StoreLocation(directory: rig.store.deletingLastPathComponent().path)
        let now = SystemClock().now()
        try location.prepareDirectory()
        let lock = try StoreLock.acquire(at: location, command: "test", pid: getpid(), now: now)
        let store = try Store.open(at: location, key: try SealingKey.generate(file: location.key))
        let desired = try rig.entries.map { entry in
            DesiredNumber(
                number: try #require(PhoneNumber(entry.number)), label: entry.label, tokenName: entry.label,
                endpoint: Endpoint(text: rig.vendor.url))
        }
        let begin = now.advanced(by: .seconds(-900 * Self.day))
        let state = DesiredState(numbers: desired, sha256: String(repeating: "a", count: 64), source: "old")
        _ = try store.adopt(
            DesiredStateReading(state: state), guardedBy: DesiredStateGuard.none, at: begin)
        for index in 0..<Int64(count) {
            let at = begin.advanced(by: .seconds(60 * index))
            try store.commit([
                .openChange(
                    ChangeEntry(
                        id: index + 1, number: desired[Int(index % 2)].number, action: .disable, reason: .reapplyDue,
                        generation: nil, sentAt: at)),
                .closeChange(id: index + 1, answeredAt: at.advanced(by: .seconds(1)), outcome: Outcome(.success)),
                .event(EventEntry(at: at, kind: .started, detail: "event \(index)")),
            ])
        }
        try store.commit([.event(EventEntry(at: now, kind: .stopped, detail: "a moment ago"))])
        try store.close()
        try lock.release()
        return rig
    }

    private func oldRows(_ rig: Rig) async throws -> Int {
        let limit = SystemClock().now().advanced(by: .seconds(-2 * Self.day))
        let count = try await rig.query(
            "SELECT (SELECT count(*) FROM changes WHERE sent_at < '\(limit)') + "
                + "(SELECT count(*) FROM events WHERE at < '\(limit)')")
        return Int(count.first ?? "") ?? -1
    }

    @Test func `the daemon lets it go while it works, says so, and what is left verifies`() async throws {
        let rig = try await rig(keep: "1d", old: 700)
        #expect(try await oldRows(rig) > 1400)
        let daemon = try await rig.startDaemon()
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        try await rig.wait("old history is gone") { try await oldRows(rig) == 0 }
        try await rig.wait("the log says so") { rig.logText.contains("Old history was removed") }
        #expect(rig.logText.contains("keep_changes=1d") && rig.logText.contains("requests=700"))
        let verified = try await rig.run("audit", "verify", "--format", "json")
        #expect(verified.code == 0, "\(verified.errors)")
        #expect(try verified.json()["pruned_before"] is String)
        let events = try await rig.run("history", "--events", "--kind", "audit_pruned", "--format", "json").json()
        let reported = try #require(events["events"] as? [[String: Any]])
        #expect(reported.count == 1 && reported.first?["actor"] as? String == "daemon")
        #expect((reported.first?["detail"] as? String)?.contains("keep_changes is 1d") == true)
        #expect(try await rig.query("SELECT count(*) FROM desired_states") == ["1"], "old revisions go as well")
        let metrics = try await Shell.run(
            "curl",
            [
                "-s", "--max-time", "20", "--unix-socket", "\(rig.folder.path)/run/control.sock",
                "http://localhost/metrics",
            ])
        let oldest = try #require(metrics.firstMatch(of: #/\ntwostepd_history_oldest_timestamp_seconds ([0-9.]+)/#))
        let age = Double(SystemClock().now().millisecondsSinceEpoch) / 1000 - (Double(oldest.output.1) ?? 0)
        #expect(age < 86_400 && metrics.contains("\ntwostepd_store_size_bytes "))
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.disagreements().isEmpty)
        try await rig.end()
    }

    @Test(arguments: ["unlimited", "1000d"])
    func `nothing goes with unlimited, nor what is not that old`(keep: String) async throws {
        let rig = try await rig(keep: keep, old: 50)
        let before = try await oldRows(rig)
        let result = try await rig.run("apply")
        #expect(result.code == 0, "\(result.errors)")
        #expect(try await oldRows(rig) == before)
        try await rig.end()
    }

    @Test func `apply lets go of it at the end of a pass, but not after a gap that may be a wrong clock's`()
        async throws
    {
        let rig = try await rig(keep: "400d", old: 700)
        let applied = try await rig.run("apply")
        #expect(applied.code == 0, "\(applied.errors)")
        let left = try await oldRows(rig)
        #expect(left == 0, "\(applied.output) \(applied.errors)")
        #expect(try await rig.run("audit", "verify").code == 0)
        try await rig.end()

        let late = try await self.rig(keep: "400d", old: 20)
        let mark = SystemClock().now().advanced(by: .seconds(-40 * Self.day))
        _ = try await Shell.run("sqlite3", [late.store.path, "UPDATE store_state SET clock_mark = '\(mark)'"])
        #expect(try await late.run("apply").code == 0)
        #expect(try await oldRows(late) > 40)
        try await late.end()
    }

    @Test func `a compacted store is smaller, says so, and works; beside a daemon it is refused`() async throws {
        let rig = try await rig(keep: "unlimited", old: 700)
        #expect(try await rig.run("audit", "prune", "--before", "2026-01-01").code == 0)
        let result = try await rig.run("audit", "compact")
        #expect(result.code == 0 && result.output.hasPrefix("the store takes "), "\(result.errors)")
        #expect(try await rig.query("PRAGMA auto_vacuum") == ["2"])
        #expect(try await rig.query("PRAGMA freelist_count") == ["0"])
        let daemon = try await rig.startDaemon()
        let beside = try await rig.run("audit", "compact")
        #expect(beside.code == 1 && beside.errors.contains("stop it"), "\(beside.errors)")
        try await rig.wait("the fleet is as desired") { try await rig.isConverged() }
        #expect(await rig.stop(daemon) == 0)
        #expect(try await rig.run("audit", "verify").code == 0)
        try await rig.end()
    }
}

@Suite("Steps of the work on old history")
struct RetentionStepTests {
    private let now = Instant("2026-11-26T12:00:00Z") ?? .distantPast
    private let keep: Duration = .seconds(400 * 86_400)
    private let slack: Duration = .seconds(86_400)

    private func ago(days: Int) -> Instant { now.advanced(by: .seconds(-days * 86_400)) }

    /// Makes a store with an event on each of these days.
    private func store(days: [Int]) throws -> Store {
        let store = try Store.inMemory(key: SealingKey.random())
        for day in days { try store.commit([.event(EventEntry(at: ago(days: day), kind: .started, detail: "\(day)"))]) }
        return store
    }

    private func step(_ store: Store, recordsEvent: Bool = true) throws -> HistoryRetention.Step {
        try HistoryRetention.step(store, keep: keep, slack: slack, now: now, recordsEvent: recordsEvent)
    }

    @Test func `nothing is due before the oldest piece is old enough by a day, and then it wakes at that instant`()
        throws
    {
        let young = try step(try store(days: [300, 10, 1]))
        #expect(young.removed == Pruning() && !young.isUnfinished)
        #expect(young.nextAt == ago(days: 300).advanced(by: keep).advanced(by: slack))
        let almost = try store(days: [400, 10, 1])
        #expect(try step(almost).removed == Pruning(), "a day's worth goes at a time")
        #expect(try step(almost, recordsEvent: false).removed == Pruning(), "400 days are not more than 400 days")
        #expect(try step(try store(days: [401, 10]), recordsEvent: false).removed == Pruning(changes: 0, events: 1))
    }

    @Test func `the work goes on until nothing is left to do, and wakes no more than once a day for what has to stay`()
        throws
    {
        let days = Array((410...2600).reversed())
        let store = try store(days: days + [2])
        var (steps, removed, recordsEvent) = (0, 0, true)
        while true {
            let step = try step(store, recordsEvent: recordsEvent)
            recordsEvent = false
            removed += step.removed.events
            steps += 1
            guard step.isUnfinished else {
                #expect(step.nextAt == ago(days: 2).advanced(by: keep).advanced(by: slack))
                break
            }
        }
        #expect(removed == days.count && steps >= days.count / HistoryRetention.links)
        #expect(try store.reader.verifyAudit().first == nil)
        // The newest event is very old, and stays.
        let idle = try step(try self.store(days: [900]))
        #expect(idle.removed == Pruning() && !idle.isUnfinished && idle.nextAt == now.advanced(by: slack))
        #expect(try HistoryRetention.step(store, keep: nil, slack: slack, now: now, recordsEvent: true).nextAt == nil)
    }
}
