import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

@Suite("History that goes piece by piece")
struct HistoryRetentionTests {
    private static let day = 24 * 3600

    /// Returns a store with `count` requests an hour apart, of which the newest `underWay` are without an answer at any
    /// time, and an event with every fourth.
    private func store(_ count: Int, underWay: Int = 3) throws -> Store {
        let store = try Sample.store(2)
        for index in 1...count {
            let (id, at) = (Int64(index), Sample.at(index * 3600))
            var mutations: [StoreMutation] = [.openChange(try Sample.change(id, 1 + index % 2, sentAt: at))]
            if index > underWay {
                mutations.append(
                    .closeChange(id: id - Int64(underWay), answeredAt: at, outcome: Outcome(.vendorRefused)))
            }
            if index % 4 == 0 { mutations.append(.event(EventEntry(at: at, kind: .started, detail: "at \(index)"))) }
            try store.commit(mutations)
        }
        return store
    }

    private func tamper(_ store: Store, _ sql: String) throws {
        let rules = ["changes_are_completed_once", "events_are_never_updated", "audit_chain_is_never_updated"]
        try store.execute(
            rules.map { "DROP TRIGGER IF EXISTS \($0);" }.joined() + "DROP TRIGGER IF EXISTS note_answer;")
        try store.execute(sql)
    }

    private func prune(_ store: Store, hours: Int, limit: Int, at now: Int = 1000) throws -> Pruning {
        try store.pruneOldest(
            before: Sample.at(hours * 3600), at: Sample.at(now * 3600), limit: limit, policy: "the test says so")
    }

    @Test(arguments: 1...7)
    func `every step is small, ends where it may in the midst of requests, and what is left verifies`(limit: Int) throws
    {
        let store = try store(60)
        let anchor = try store.reader.verifyAudit().head
        var (links, total) = (try store.count("audit_chain"), Pruning())
        while true {
            let step = try prune(store, hours: 40, limit: limit)
            total.changes += step.changes
            total.events += step.events
            // The first step that deletes something adds the event that reports it.
            let gone = links - (try store.count("audit_chain"))
            #expect(gone <= limit)
            links -= gone
            let report = try store.reader.verifyAudit(anchor: anchor)
            #expect(report.first == nil, "\(report.first?.sentence ?? "")")
            guard step.isUnfinished else { break }
        }
        #expect(total.changes == 36, "all that were answered before: the answers of the last three stay")
        #expect(try store.reader.history(limit: 1000).map(\.id).min() == 37)
        #expect(try store.reader.oldestHistory() == Sample.at(40 * 3600))
        #expect(try store.reader.verifyAudit().prunedBefore == Sample.at(40 * 3600))
    }

    @Test func `the beginning of what is left is authenticated as well`() throws {
        for sql in [
            "UPDATE audit_state SET cut_before = '2020-01-01T00:00:00.000Z'",
            "UPDATE audit_state SET cut_sequence = cut_sequence - 1", "UPDATE audit_state SET cut_mac = zeroblob(32)",
        ] {
            let store = try store(60)
            while try prune(store, hours: 40, limit: 50).isUnfinished {}
            #expect(try store.reader.verifyAudit().first == nil)
            try tamper(store, sql)
            #expect(try store.reader.verifyAudit().first?.problem == .anchorEdited, "\(sql)")
            #expect(throws: StorageError.self) { try prune(store, hours: 50, limit: 10) }
        }
    }

    @Test func `a link that is not as it was written stops it, and nothing of that step goes`() throws {
        let store = try store(20)
        try tamper(store, "UPDATE events SET detail = 'nothing' WHERE id = 3")
        _ = try prune(store, hours: 15, limit: 5)
        let before = try store.count("audit_chain")
        let error = #expect(throws: StorageError.self) { try prune(store, hours: 15, limit: 100) }
        #expect("\(try #require(error))".contains("row 3 of events"))
        #expect(try store.count("audit_chain") == before)
    }

    @Test func `open requests, the newest rows and the last day stay, however old`() throws {
        let store = try store(20)
        while try prune(store, hours: 900, limit: 7).isUnfinished {}
        #expect(try store.reader.history(limit: 100).map(\.id) == [20, 19, 18], "they have no answer")
        for id in 18...20 as ClosedRange<Int64> {
            try store.commit([.closeChange(id: id, answeredAt: Sample.at(90_000), outcome: Outcome(.success))])
        }
        while try prune(store, hours: 900, limit: 7).isUnfinished {}
        #expect(try store.reader.history(limit: 100).map(\.id) == [20, 19, 18], "they ended after the event")
        #expect(try store.reader.nextChangeID() == 21)
        #expect(try store.reader.verifyAudit().first == nil)
        #expect(throws: StorageError.self) { try prune(store, hours: 990, limit: 1) }
    }

    @Test func `an event tells of it once, and pruning by hand goes on from there`() throws {
        let store = try store(60)
        _ = try prune(store, hours: 40, limit: 20)
        _ = try store.pruneOldest(
            before: Sample.at(40 * 3600), at: Sample.at(3_600_000), limit: 20, policy: nil)
        let reported = try store.reader.events(limit: 100).map(\.entry).filter { $0.kind == .auditPruned }
        #expect(reported.count == 1 && reported.first?.actor == "daemon")
        #expect(reported.first?.detail.hasSuffix("the oldest first: the test says so") == true)
        try store.commit(
            (58...60).map { .closeChange(id: $0, answeredAt: Sample.at(220_000), outcome: Outcome(.success)) })
        let rest = try store.pruneHistory(
            before: Sample.at(50 * 3600), at: Sample.at(3_600_000), actor: "alice")
        #expect(rest.changes > 0)
        #expect(try store.reader.history(limit: 1000).map(\.id).min() == 47)
        #expect(try store.reader.verifyAudit().first == nil)
    }

    @Test func `requests since a time are found by the hour, whatever the clock did, before and after a pruning`()
        throws
    {
        let store = try store(60)
        // The clock was set back by ten hours for one request.
        try store.commit([.openChange(try Sample.change(61, 1, sentAt: Sample.at(50 * 3600 + 5)))])
        try store.commit([.openChange(try Sample.change(62, 1, sentAt: Sample.at(61 * 3600)))])
        func found(since hour: Int) throws -> [Int64] {
            var filter = HistoryFilter()
            filter.since = Sample.at(hour * 3600)
            let after = try store.reader.changeID(beforeNewest: 1000, matching: filter)
            return try store.reader.changes(matching: filter, after: after, limit: 1000).map(\.id)
        }
        func expected(since hour: Int) throws -> [Int64] {
            try store.reader.history(limit: 1000).filter { $0.sentAt >= Sample.at(hour * 3600) }.map(\.id).sorted()
        }
        for hour in [0, 1, 30, 50, 51, 60, 61, 62, 500] { #expect(try found(since: hour) == expected(since: hour)) }
        while try prune(store, hours: 45, limit: 7).isUnfinished {}
        #expect(try store.count("change_hours") < 20)
        for hour in [0, 1, 30, 50, 51, 60, 61, 62, 500] { #expect(try found(since: hour) == expected(since: hour)) }
    }

    @Test func `recent writes of all numbers at once are those of each`() throws {
        let store = try Sample.store(3)
        for index in 1...30 {
            let sent = try Sample.change(Int64(index), 1 + index % 2, sentAt: Sample.at(index * 300))
            let outcome = Outcome(index % 5 == 0 ? .connectionRefused : .success)
            try store.commit([.openChange(sent)])
            try store.commit([.closeChange(id: sent.id, answeredAt: sent.sentAt, outcome: outcome)])
        }
        for seconds in [0, 2000, 9000, 12_000, 20_000] {
            let now = Sample.at(seconds)
            let page = try store.reader.closedRecords(after: nil, limit: 10, at: now)
            let single = try (1...3).map { try #require(try store.reader.closedRecord(Sample.number($0), at: now)) }
            #expect(page.records == single)
            let writes = try store.reader.recentWrites(at: now)
            #expect(try store.reader.closedRecords(after: nil, limit: 10, at: now, writes: writes).records == single)
        }
    }

    @Test func `revisions that nothing refers to go; those in use, in force and held stay`() throws {
        let store = try Sample.store(6)
        for (index, sha) in "123456".enumerated() {
            let numbers = try (1...(index < 2 ? 5 : 6)).map { try Sample.desired($0) }
            _ = try store.adopt(Sample.state(numbers, sha: sha), at: Sample.at((index + 1) * Self.day))
        }
        let weaker = Sample.state([try Sample.desired(1)], sha: "f")
        _ = try store.adopt(
            weaker, guardedBy: DesiredStateGuard(maximumPercent: 1, holdsNewStore: false), at: Sample.at(7 * Self.day))
        func left() throws -> [Int] {
            try store.queue.read { try Int.fetchAll($0, sql: "SELECT revision FROM desired_states ORDER BY revision") }
        }
        #expect(try left() == Array(1...8))
        #expect(try store.pruneRevisions(before: Sample.at(2 * Self.day), limit: 10) == 1)
        #expect(try store.pruneRevisions(before: Sample.at(900 * Self.day), limit: 2) == 2)
        #expect(try store.pruneRevisions(before: Sample.at(900 * Self.day), limit: 2) == 1)
        #expect(try store.pruneRevisions(before: Sample.at(900 * Self.day), limit: 2) == 0)
        #expect(try left() == [1, 4, 7, 8], "of most numbers, of the one that came back, in force, held")
    }

    @Test func `room that history took is given back while the store is worked on`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        let detail = String(repeating: "a long story ", count: 60)
        for batch in 0..<60 {
            try store.commit(
                (0..<400).map { .event(EventEntry(at: Sample.at(batch * 400 + $0), kind: .started, detail: detail)) })
        }
        let full = try store.reader.size()
        #expect(full.canReleaseSpace && !full.isWasteful)
        while try prune(store, hours: 900, limit: 5000).isUnfinished {}
        let free = try store.reader.size()
        #expect(free.isWasteful && free.bytes >= full.bytes)
        var steps = 0
        while try store.releaseSpace(atMost: 500) { steps += 1 }
        let after = try store.reader.size()
        #expect(steps > 5 && !after.isWasteful && after.bytes < full.bytes / 3)
        #expect(try store.releaseSpace(atMost: 500) == false)
        #expect(try store.reader.verifyAudit().first == nil)
        try store.close()
        #expect(try directory.bytes("twostepd.sqlite").count == after.bytes)
    }

    @Test func `damage of what beliefs depend on is found before the start of a large store; of its history, later`()
        throws
    {
        for (table, isVital) in [("changes", false), ("numbers", true)] {
            let directory = try StateDirectory()
            let store = try Store.open(at: directory.location, key: Sample.key)
            _ = try store.adopt(Sample.state(try (1...500).map { try Sample.desired($0) }), at: Sample.now)
            for id in 1...500 as ClosedRange<Int64> { try store.commit([.openChange(try Sample.change(id, 1))]) }
            let page = try store.queue.read {
                try #require(
                    try Int.fetchOne($0, sql: "SELECT rootpage FROM sqlite_master WHERE name = ?", arguments: [table]))
            }
            try store.close()
            var bytes = try directory.bytes("twostepd.sqlite")
            bytes.replaceSubrange((page - 1) * 4096..<page * 4096, with: Data(repeating: 0xFF, count: 4096))
            try directory.write(bytes, "twostepd.sqlite")
            let path = directory.location.database
            let queue = try DatabaseQueue(path: path)
            try queue.unsafeRead { db in
                #expect(throws: (any Error).self) { try StoreReader.checkBeforeStart(db, path) }
                if isVital {
                    #expect(throws: (any Error).self) { try StoreReader.checkBeforeStart(db, path, maxRead: 0) }
                } else {
                    try StoreReader.checkBeforeStart(db, path, maxRead: 0)
                }
            }
            try queue.close()
            guard !isVital else { continue }
            let reader = try StoreReader.open(at: directory.location, key: nil)
            #expect(try reader.deferredIntegrityProblem() == nil, "a small store has been looked at before the start")
            #expect(try reader.deferredIntegrityProblem(maxRead: 0) != nil)
            try reader.close()
        }
    }

    @Test func `a store of an earlier version gives nothing back until it is compacted`() throws {
        let directory = try StateDirectory()
        try Store.open(at: directory.location, key: Sample.key).close()
        let old = try DatabaseQueue(path: directory.location.database)
        try old.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = NONE; VACUUM")
        }
        try old.close()
        let store = try Store.open(at: directory.location, key: Sample.key)
        #expect(try store.reader.size().canReleaseSpace == false)
        let detail = String(repeating: "a long story ", count: 60)
        try store.commit(
            (0..<9000).map { .event(EventEntry(at: Sample.at($0), kind: .started, detail: detail)) })
        while try prune(store, hours: 900, limit: 5000).isUnfinished {}
        #expect(try store.reader.size().isWasteful)
        #expect(try store.releaseSpace(atMost: 500) == false)
        try store.close()
        let (before, after) = try Store.compact(at: directory.location, key: Sample.key)
        #expect(
            !before.canReleaseSpace && after.canReleaseSpace && after.bytes < before.bytes / 3 && after.freeBytes == 0)
        let again = try Store.open(at: directory.location, key: Sample.key)
        #expect(try again.reader.size().canReleaseSpace)
        #expect(try again.reader.verifyAudit().first == nil)
        #expect(try directory.mode("twostepd.sqlite") == 0o600)
        try again.close()
    }
}
