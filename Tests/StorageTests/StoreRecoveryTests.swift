import Planning
import Testing

@testable import Storage

struct StoreRecoveryTests {
    @Test func `requests without an answer become doubts that begin now`() throws {
        let store = try Sample.store(3)
        try store.addGeneration(1, "284715", to: 1)
        for index in 1...3 {
            var record = try store.required(index)
            record.lastAccepted = .off
            record.refusals = NumberRecord.Refusals(action: .enable, count: 1)
            record.retryAt = Sample.at(900)
            record.dueAt = Sample.at(900)
            let sent = index == 1 ? [] : [Belief.Doubt(effect: .off, since: Sample.now)]
            record.belief = Belief(
                maybeOff: true, maybeForeign: false, generations: record.belief.generations,
                doubts: index == 3 ? [] : (index == 1 ? [.init(effect: .on(1), since: Sample.now)] : sent))
            try store.commit([.save(record, newGeneration: nil, touched: index == 1 ? [1] : [])])
        }
        let third = try store.required(3)
        try store.commit([
            .openChange(try Sample.change(1, 1, generation: 1)), .openChange(try Sample.change(2, 2)),
        ])
        let before = try (1...2).map { try store.required($0) }

        let closed = try store.recoverInterrupted(at: Sample.at(60))
        #expect(closed.map(\.id) == [1, 2])
        #expect(closed.allSatisfy { $0.outcome?.reason == .daemonStopped && $0.outcome?.verdict == .inDoubt })
        #expect(try store.reader.history(limit: 5) == closed.reversed())
        let first = try store.required(1)
        #expect(first.belief.doubts == [.init(effect: .on(1), since: Sample.at(60))])
        #expect(try store.required(2).belief.doubts == [.init(effect: .off, since: Sample.at(60))])
        for index in 1...2 {
            let record = try store.required(index)
            var expected = before[index - 1].interrupted(in: index == 1 ? .on(1) : .off, at: Sample.at(60))
            expected.version += 1
            #expect(record == expected)
            #expect(record.lastAccepted == nil)
            #expect(record.refusals == nil)
            #expect(record.dueAt == Sample.at(60))
            #expect(record.retryAt == Sample.at(900))
            #expect(record.attempts == 1)
        }
        #expect(try store.required(3) == third)
        #expect(try store.reader.events(limit: 1).first?.entry.kind == .interruptedRequests)
    }

    @Test func `an interrupted request widens a belief that does not hold its PIN any more`() throws {
        let store = try Sample.store(1)
        for generation in 1...3 { try store.addGeneration(generation, "28471\(generation)", to: 1) }
        var record = try store.required(1)
        record.belief = Belief(maybeOff: false, maybeForeign: false, generations: [3])
        record.generations[0].liveUntil = Sample.at(1)
        try store.commit([
            .save(record, newGeneration: nil, touched: [1, 2, 3]), .openChange(try Sample.change(1, 1, generation: 1)),
        ])
        _ = try store.recoverInterrupted(at: Sample.at(60))
        let recovered = try store.required(1)
        #expect(recovered.belief.generations == [1, 3])
        #expect(recovered.belief.doubts == [.init(effect: .on(1), since: Sample.at(60))])
        #expect(recovered.generation(1)?.liveUntil == nil)
    }

    @Test func `rows that cannot be read keep nobody from starting: they are reported, and believed to be anything`()
        throws
    {
        let store = try Sample.store(4)
        try store.addGeneration(1, "284715", to: 1)
        for index in [1, 2, 3] {
            var record = try store.required(index)
            record.belief = Belief(maybeOff: index != 1, maybeForeign: false, generations: index == 1 ? [1] : [])
            try store.commit([.save(record, newGeneration: nil, touched: index == 1 ? [1] : [])])
        }
        try store.commit([
            .openChange(try Sample.change(1, 1, generation: 1)), .openChange(try Sample.change(2, 2)),
            .openChange(try Sample.change(3, 3)),
        ])
        let versions = try (1...4).map { try store.version($0) }
        // Numbers 1 and 2 cannot be read, nor can the request for number 3.
        try store.execute("UPDATE numbers SET last_accepted = 'maybe' WHERE number < '\(try Sample.number(3))'")
        try store.execute("DROP TRIGGER changes_are_completed_once; UPDATE changes SET reason = '?' WHERE id = 3")
        let closed = try store.recoverInterrupted(at: Sample.at(60))
        #expect(closed.map(\.id) == [1, 2])
        #expect(
            try store.texts("SELECT outcome_reason FROM changes ORDER BY id")
                == .init(repeating: "daemon_stopped", count: 3))
        let reports = try store.reader.events(limit: 10).map(\.entry).filter { $0.kind == .recordUnreadable }
        #expect(reports.reversed().map(\.number) == (try [1, 2, 3].map { try Sample.number($0) }))
        #expect(
            reports.last?.detail.contains("last_accepted") == true && reports.first?.detail.contains("reason") == true)
        #expect(try (1...4).map { try store.version($0) } == zip(versions, [1, 1, 1, 0]).map { ($0 ?? 0) + $1 })
        try store.execute("UPDATE numbers SET last_accepted = NULL")
        #expect(try store.required(1).belief.elements == ["off", "foreign", "on(1)"])
        #expect(try store.required(1).belief.doubts == [.init(effect: .on(1), since: Sample.at(60))])
        #expect(try store.required(2).belief.elements == ["off", "foreign"])
        #expect(try store.required(2).belief.doubts == [.init(effect: .off, since: Sample.at(60))])
        #expect(try store.required(3).attempts == 1)
    }

    @Test func `a second recovery finds nothing and writes nothing`() throws {
        let store = try Sample.store(1)
        try store.commit([.openChange(try Sample.change(1, 1))])
        #expect(try store.recoverInterrupted(at: Sample.at(1)).count == 1)
        let events = try store.count("events")
        #expect(try store.recoverInterrupted(at: Sample.at(2)).isEmpty)
        #expect(try store.count("events") == events)
    }

    @Test func `a doubt is never moved back by a clock that was`() throws {
        let store = try Sample.store(1)
        var record = try store.required(1)
        record.belief = record.belief.widened(by: .off, sentAt: Sample.at(50))
        try store.commit([
            .save(record, newGeneration: nil, touched: []),
            .openChange(try Sample.change(1, 1, sentAt: Sample.at(50))),
        ])
        _ = try store.recoverInterrupted(at: Sample.at(-500))
        #expect(try store.required(1).belief.doubts == [.init(effect: .off, since: Sample.at(50))])
    }

    @Test func `what a killed process had committed is found by the next`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        _ = try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        try store.commit([.openChange(try Sample.change(1, 1))])
        // The files as a kill at this moment leaves them: the log has not been checkpointed into the database.
        let copy = try StateDirectory()
        try copy.location.prepareDirectory()
        for suffix in ["", "-wal"] {
            let bytes = try directory.bytes("twostepd.sqlite" + suffix)
            try copy.write(bytes, "twostepd.sqlite" + suffix)
        }
        let next = try Store.open(at: copy.location, key: Sample.key)
        #expect(try next.recoverInterrupted(at: Sample.at(9)).map(\.id) == [1])
    }

    @Test func `who works on the store, since when and until when, stands in it`() throws {
        let store = try Sample.store(1)
        func run() throws -> [String?] {
            try store.reader.read { db in
                let sql = "SELECT started_at, stopped_at, pid, command, version FROM store_state"
                return try db.rows(of: "store_state", sql) { row in (0..<5).map { _ in row.optionalText() } }[0]
            }
        }
        let (start, stop) = (Sample.at(1), Sample.at(2))
        #expect(try run() == [nil, nil, nil, nil, nil])
        try store.recordStart(pid: 77, command: "run", version: "1.2.3", at: start)
        #expect(try run() == [start.description, nil, "77", "run", "1.2.3"])
        try store.recordStop(at: stop)
        #expect(try run() == [start.description, stop.description, "77", "run", "1.2.3"])
        try store.recordStart(pid: 78, command: "apply", version: "1.2.4", at: stop)
        #expect(try run() == [stop.description, nil, "78", "apply", "1.2.4"])
    }
}
