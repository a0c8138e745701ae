import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

@Suite("The chained history")
struct AuditChainTests {
    /// Returns a store with two numbers, three requests of which one is open, and some events: six links.
    private func store() throws -> Store {
        let store = try Sample.store(2)
        try store.addGeneration(1, "284715", to: 1)
        try store.commit([
            .openChange(try Sample.change(1, 1)), .event(EventEntry(at: Sample.now, kind: .started, detail: "begins")),
        ])
        try store.commit([
            .closeChange(id: 1, answeredAt: Sample.at(1), outcome: Outcome(.success)),
            .openChange(try Sample.change(2, 1, generation: 1, sentAt: Sample.at(2))),
            .openChange(try Sample.change(3, 2, sentAt: Sample.at(3))),
        ])
        try store.commit([
            .closeChange(id: 2, answeredAt: Sample.at(4), outcome: Outcome(.vendorRefused, message: "no")),
            .event(EventEntry(at: Sample.at(5), kind: .pinRevealed, number: try Sample.number(1), detail: "why")),
            .event(EventEntry(at: Sample.at(6), kind: .stopped, detail: "ends")),
        ])
        return store
    }

    /// Runs SQL as an attacker with a database shell who knows how to remove the rules.
    private func tamper(_ store: Store, _ sql: String) throws {
        let triggers = try store.queue.read {
            try String.fetchAll($0, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
        }
        let notes = ["chain_event", "chain_change", "chain_answer"]
        try store.execute((triggers + notes).map { "DROP TRIGGER \($0);" }.joined() + "PRAGMA foreign_keys = OFF;")
        try store.execute(sql)
    }

    @Test func `what nobody touched verifies, with everything chained`() throws {
        let store = try store()
        let report = try store.reader.verifyAudit()
        #expect(report.first == nil && report.problems == 0)
        #expect(report.links == 6, "an adoption, two requests that have ended, three events")
        #expect(report.openRequests == 1)
        #expect(report.head.hasPrefix("6:") && report.head.count == 2 + 64)
        #expect(try store.reader.verifyAudit(anchor: report.head).first == nil)
    }

    @Test(arguments: [
        (
            "UPDATE changes SET sent_at = '2020-01-01T00:00:00.000Z' WHERE id = 1", AuditFinding.Problem.edited,
            "changes", 1
        ),
        ("UPDATE changes SET outcome = 'accepted', outcome_reason = 'success' WHERE id = 2", .edited, "changes", 2),
        ("UPDATE changes SET message = NULL WHERE id = 2", .edited, "changes", 2),
        ("UPDATE changes SET number = '+15551000002' WHERE id = 1", .edited, "changes", 1),
        (
            "UPDATE changes SET answered_at = NULL, outcome = NULL, outcome_reason = NULL WHERE id = 1", .edited,
            "changes", 1
        ),
        (
            """
            UPDATE changes SET answered_at = '2026-09-22T00:00:00.000Z', outcome = 'accepted',
                outcome_reason = 'success' WHERE id = 3
            """, .added, "changes", 3
        ),
        ("UPDATE events SET detail = 'other' WHERE id = 3", .edited, "events", 3),
        ("UPDATE events SET actor = 'nobody' WHERE id = 3", .edited, "events", 3),
        ("UPDATE events SET detail = detail || char(0) || 'x' WHERE id = 3", .edited, "events", 3),
        ("UPDATE events SET number = NULL WHERE id = 3", .edited, "events", 3),
        ("UPDATE events SET id = id + 10 WHERE id = 3", .removed, "events", 3),
        ("DELETE FROM events WHERE id = 3", .removed, "events", 3),
        ("DELETE FROM changes WHERE id = 1", .removed, "changes", 1),
        (
            "INSERT INTO events (at, kind, actor, detail) VALUES ('2026-09-22T00:00:00.000Z', 'started', 'me', '')",
            .added, "events", 5
        ),
        (
            """
            UPDATE events SET detail = CASE id WHEN 2 THEN 'ends' ELSE 'begins' END,
                at = CASE id WHEN 2 THEN '2026-09-21T14:13:26.000Z' ELSE '2026-09-21T14:13:20.000Z' END,
                kind = CASE id WHEN 2 THEN 'stopped' ELSE 'started' END WHERE id IN (2, 4)
            """, .edited, "events", 2
        ),
        (
            "DELETE FROM events WHERE id = 3; DELETE FROM audit_chain WHERE entry = 'event' AND row_id = 3",
            .linkRemoved, "audit_chain", 5
        ),
        ("UPDATE audit_chain SET mac = randomblob(32) WHERE sequence = 4", .edited, "changes", 2),
        ("UPDATE audit_chain SET row_id = 2 WHERE entry = 'event' AND row_id = 3", .edited, "events", 2),
        (
            """
            DELETE FROM events WHERE id = 1; DELETE FROM audit_chain WHERE sequence = 1;
            """, .linkRemoved, "audit_chain", 1
        ),
        (
            """
            UPDATE audit_state SET cut_sequence = 1, cut_mac = (SELECT mac FROM audit_chain WHERE sequence = 1);
            DELETE FROM events WHERE id = 1; DELETE FROM audit_chain WHERE sequence = 1;
            """, .anchorEdited, "audit_state", 2
        ),
    ])
    func `an edited, removed, moved or added row is found and named`(
        _ sql: String, _ problem: AuditFinding.Problem, _ table: String, _ id: Int
    ) throws {
        let store = try store()
        try tamper(store, sql)
        let first = try #require(try store.reader.verifyAudit().first)
        #expect(first.problem == problem && first.table == table && first.id == Int64(id), "\(first)")
        #expect(first.sentence.contains("\(id)"))
        if problem == .edited, !sql.contains("NULL, outcome") { #expect(first.at != nil) }
    }

    @Test func `only a head from elsewhere tells that the newest rows are gone`() throws {
        let store = try store()
        let head = try store.reader.verifyAudit().head
        try tamper(store, "DELETE FROM events WHERE id = 4; DELETE FROM audit_chain WHERE sequence = 6")
        #expect(try store.reader.verifyAudit().first == nil, "the chain alone cannot know")
        #expect(try store.reader.verifyAudit(anchor: head).first?.problem == .cutOff)
        #expect(throws: StorageError.self) { try store.reader.verifyAudit(anchor: "9:abc") }
    }

    @Test func `a transaction that fails leaves nothing in the chain`() throws {
        let store = try store()
        #expect(throws: StorageError.self) {
            try store.commit([
                .event(EventEntry(at: Sample.at(7), kind: .started, detail: "again")),
                .closeChange(id: 99, answeredAt: Sample.at(8), outcome: Outcome(.success)),
            ])
        }
        #expect(try store.reader.verifyAudit().links == 6)
        try store.commit([.event(EventEntry(at: Sample.at(9), kind: .started, detail: "again"))])
        let report = try store.reader.verifyAudit()
        #expect(report.links == 7 && report.first == nil)
    }

    @Test func `the recovery of interrupted requests is chained`() throws {
        let store = try store()
        #expect(try store.recoverInterrupted(at: Sample.at(10)).map(\.id) == [3])
        let report = try store.reader.verifyAudit()
        #expect(report.links == 8 && report.first == nil && report.openRequests == 0)
    }

    @Test func `held states, acceptances, orders and guards are chained with their events`() throws {
        let store = try Sample.store(5)
        let weaker = Sample.state([try Sample.desired(1)], sha: "b")
        let guardian = DesiredStateGuard(maximumPercent: 20, holdsNewStore: false)
        guard case .held = try store.adopt(weaker, guardedBy: guardian, at: Sample.at(1)).verdict else {
            Issue.record("four of five numbers are dropped, and it is not held")
            return
        }
        var accepted = weaker
        accepted.acceptedBy = "alice"
        guard case .adopted = try store.adopt(accepted, guardedBy: guardian, at: Sample.at(2)).verdict else {
            Issue.record("an accepted state is held")
            return
        }
        let pause = Pause(since: Sample.at(3), by: "alice", reason: "test", includesExposed: false)
        try store.commit([
            .order(.pause(pause), .all, at: Sample.at(3)),
            .event(EventEntry(at: Sample.at(3), kind: .paused, actor: "alice", detail: "all numbers: test")),
            .guardState(GuardState(.endpointDown, subject: "v4", since: Sample.at(4), detail: "timeout")),
            .event(EventEntry(at: Sample.at(4), kind: .breakerOpened, detail: "v4: timeout")),
        ])
        try store.recordLoadFailure(sha256: nil, source: "file", problem: "not valid", at: Sample.at(5))
        let report = try store.reader.verifyAudit()
        #expect(report.first == nil)
        #expect(report.links == (try store.count("events")) && report.links >= 6)
        try tamper(store, "UPDATE events SET actor = 'daemon' WHERE kind = 'configuration_accepted'")
        #expect(try store.reader.verifyAudit().first?.problem == .edited, "who accepted it cannot be changed")
    }

    @Test func `the newest link is kept in the fence, and a start that misses it says so`() throws {
        let directory = try StateDirectory()
        let location = directory.location
        let store = try Store.open(at: location, key: Sample.key)
        try store.commit([.event(EventEntry(at: Sample.now, kind: .started, detail: "first"))])
        #expect(try store.passFence(at: location, now: Sample.now) == .current)
        try store.commit([.event(EventEntry(at: Sample.now, kind: .stopped, detail: "later"))])
        #expect(try store.reader.verifyAudit(location: location).first == nil)
        #expect(try store.passFence(at: location, now: Sample.now) == .current)
        try tamper(store, "DELETE FROM events WHERE id = 2; DELETE FROM audit_chain WHERE sequence = 2")
        #expect(try store.reader.verifyAudit(location: location).first?.problem == .cutOff)
        #expect(try store.reader.verifyAudit().first == nil)
        try store.close()

        let again = try Store.open(at: location, key: Sample.key)
        guard case .withoutLink(let link) = try again.passFence(at: location, now: Sample.at(1)) else {
            Issue.record("it is not noticed")
            return
        }
        #expect(link.hasPrefix("2:"))
        #expect(try again.reader.verifyAudit(location: location).first?.problem == .foundAltered)
        #expect(try again.reader.events(limit: 2).map(\.entry.kind) == [.historyAltered, .storeRestored])
        #expect(try again.passFence(at: location, now: Sample.at(2)) == .current)
    }

    @Test func `without the key nothing can be verified, and another key is refused`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        try store.close()
        let reader = try StoreReader.open(at: directory.location, key: nil)
        #expect(throws: StorageError.keyNeeded(path: directory.location.database, id: Sample.key.id)) {
            try reader.verifyAudit()
        }
        let other = SealingKey.random()
        #expect(throws: StorageError.wrongKey(needed: Sample.key.id, have: other.id)) {
            try StoreReader.open(at: directory.location, key: other)
        }
    }

    @Test(arguments: [
        "DELETE FROM audit_chain", "UPDATE audit_chain SET mac = randomblob(32)", "DELETE FROM audit_state",
        "INSERT OR REPLACE INTO audit_chain SELECT * FROM audit_chain LIMIT 1",
    ])
    func `the chain is append-only for everybody`(_ sql: String) throws {
        let store = try store()
        #expect(throws: DatabaseError.self) { try store.execute(sql) }
        #expect(try store.reader.verifyAudit().first == nil)
    }
}

@Suite("Export and pruning of history")
struct AuditPruningTests {
    private static let day = 24 * 3600

    /// Returns a store with one request and one event on each of ten days; the last request is open.
    private func store() throws -> Store {
        let store = try Sample.store(1)
        for day in 0..<10 {
            let (at, id) = (Sample.at(day * Self.day), Int64(day + 1))
            try store.commit([
                .openChange(try Sample.change(id, 1, sentAt: at)),
                .event(EventEntry(at: at, kind: .started, detail: "day \(day)")),
            ])
            guard day < 9 else { break }
            try store.commit([
                .closeChange(id: id, answeredAt: at.advanced(by: .seconds(1)), outcome: Outcome(.success))
            ])
        }
        return store
    }

    private let now = Sample.at(9 * day + 60)

    @Test func `what is pruned is gone, and what is left still verifies`() throws {
        let store = try store()
        let head = try store.reader.verifyAudit().head
        let pruning = try store.pruneHistory(before: Sample.at(5 * Self.day), at: now, actor: "alice")
        #expect(pruning == Pruning(changes: 5, events: 6), "five days, and the adoption")
        #expect(try store.reader.history(limit: 100).map(\.id) == [10, 9, 8, 7, 6])
        let report = try store.reader.verifyAudit(anchor: head)
        #expect(report.first == nil)
        #expect(report.prunedBefore == Sample.at(5 * Self.day))
        let event = try #require(try store.reader.events(limit: 1).first)
        #expect(event.entry.kind == .auditPruned && event.entry.actor == "alice")
        #expect(event.id == 12, "ids go on")
        #expect(throws: DatabaseError.self) { try store.execute("DELETE FROM events") }
        #expect(
            try store.pruneHistory(before: Sample.at(5 * Self.day), at: now, actor: "alice")
                == Pruning(changes: 0, events: 0))
        try store.commit([.closeChange(id: 10, answeredAt: now, outcome: Outcome(.success))])
        #expect(try store.reader.verifyAudit().first == nil)
    }

    @Test func `pruning everything keeps the newest request and event, so that ids go on`() throws {
        let store = try store()
        try store.commit([.closeChange(id: 10, answeredAt: now, outcome: Outcome(.success))])
        let later = now.advanced(by: .seconds(30 * Self.day))
        _ = try store.pruneHistory(before: later.advanced(by: .seconds(-2 * Self.day)), at: later, actor: "alice")
        #expect(try store.reader.nextChangeID() == 11)
        #expect(try store.reader.history(limit: 100).map(\.id) == [10])
        #expect(try store.reader.events(limit: 100).map(\.id) == [12, 11])
        #expect(try store.reader.verifyAudit().first == nil)
    }

    @Test func `the last day, open requests and a broken history are never pruned`() throws {
        let store = try store()
        #expect(throws: StorageError.self) {
            try store.pruneHistory(before: Sample.at(9 * Self.day), at: now, actor: "alice")
        }
        let later = now.advanced(by: .seconds(5 * Self.day))
        let open = #expect(throws: StorageError.self) {
            try store.pruneHistory(before: now, at: later, actor: "alice")
        }
        #expect("\(try #require(open))".contains("request 10"))
        try store.execute("DROP TRIGGER events_are_never_updated; UPDATE events SET detail = 'x' WHERE id = 8")
        let broken = #expect(throws: StorageError.self) {
            try store.pruneHistory(before: Sample.at(2 * Self.day), at: now, actor: "alice")
        }
        #expect("\(try #require(broken))".contains("row 8 of events"))
        #expect(try store.count("changes") == 10)
    }

    @Test func `the export holds everything that a pruning removes, and its links`() throws {
        let store = try store()
        var records: [AuditRecord] = []
        try store.reader.exportAudit(before: Sample.at(5 * Self.day)) { records.append($0) }
        #expect(records.count == 11 && records.allSatisfy { $0.columns != nil && $0.mac.count == 64 })
        let kept = try store.count("audit_chain") - records.count
        _ = try store.pruneHistory(before: Sample.at(5 * Self.day), at: now, actor: "alice")
        #expect(try store.count("audit_chain") == kept + 1, "and the event of the pruning")
        #expect(records.map(\.sequence) == Array(1...11).map { Int64($0) })
    }
}
