import GRDB
import Planning
import Testing

@testable import Storage

/// Notifications are written together with their cause, for the subscribed hooks.
struct OutboxTests {
    private static let held = EventEntry(at: Sample.now, kind: .configurationHeld, detail: "too many")

    private func word(_ store: Store) throws -> HookKind? {
        guard case .deliver(let notification) = try store.nextNotification(for: "pager", now: Sample.at(10)) else {
            return nil
        }
        return notification.kind
    }

    @Test func `A store that is opened again tells the hooks that it had`() throws {
        let directory = try StateDirectory()
        let first = try Store.open(at: directory.location, key: Sample.key)
        _ = try first.setHooks([("pager", [.held])])
        try first.close()
        let second = try Store.open(at: directory.location, key: Sample.key)
        try second.commit([.event(Self.held)])
        #expect(try word(second) == .held)
        try second.close()
    }

    @Test func `Without hooks nothing is noted, and with one only what it wants`() throws {
        let store = try Sample.store(1)
        try store.commit([.event(Self.held)])
        _ = try store.setHooks([("pager", [.rotated])])
        try store.commit([.event(Self.held)])
        #expect(try word(store) == nil)
        _ = try store.setHooks([("pager", [.held])])
        try store.commit([.event(Self.held)])
        #expect(try word(store) == .held)
        _ = try store.setHooks([])
        try store.commit([.event(Self.held)])
        #expect(try store.queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox") } == 0)
    }

    /// Returns every notification as `kind number change generation detail`, at its instant, in order.
    private func notifications(_ store: Store) throws -> [String] {
        try store.texts(
            """
            SELECT hook || ' ' || kind || ' ' || coalesce(number, '-') || ' ' || coalesce(change_id, '-') || ' '
                || coalesce(generation, '-') || ' ' || coalesce(detail, '-') || ' ' || at FROM outbox ORDER BY id
            """
        ).compactMap(\.self)
    }

    @Test func `What becomes of a number is notified once, with its request, its PIN and its error`() throws {
        let store = try Sample.store(1)
        let all: Set<HookKind> = [.rotated, .exposed, .failed, .recovered]
        _ = try store.setHooks([("pager", all), ("vault", [.rotated])])
        let number = try Sample.number(1)
        try store.addGeneration(1, "284715", to: 1)
        try store.commit([.openChange(try Sample.change(1, 1, generation: 1))])
        func save(_ second: Int, _ change: (inout NumberRecord) -> Void) throws {
            let stored = try store.required(1)
            var record = stored
            change(&record)
            try store.commit([
                .save(record, newGeneration: nil, touched: record.generationsTouched(since: stored))
            ])
        }
        for attempt in 1...4 {
            try save(attempt) { record in
                record.attempts = attempt
                record.lastError = "enable: refused\nand more"
                record.cycle = NumberRecord.Cycle(since: Sample.at(1), reason: .rotationDue)
            }
        }
        try store.commit([.closeChange(id: 1, answeredAt: Sample.at(9), outcome: Outcome(.success))])
        try save(10) { record in
            record.belief = Belief(maybeOff: false, maybeForeign: false, generations: [1])
            record.attempts = 0
            record.lastError = nil
            record.cycle = nil
            record.rotatedAt = Sample.at(8)
        }
        try save(11) { $0.appliedAt = Sample.at(11) }
        #expect(
            try notifications(store) == [
                "pager exposed \(number) 1 1 enable: refused \(Sample.now)",
                "pager failed \(number) 1 1 enable: refused \(Sample.now)",
                "pager rotated \(number) 1 1 - \(Sample.at(8))", "vault rotated \(number) 1 1 - \(Sample.at(8))",
                "pager recovered \(number) 1 1 - \(Sample.at(9))",
            ])
        #expect(try store.count("hook_troubles") == 0)
        // Without a notification of trouble, its end is not notified either.
        try save(12) { record in
            record.attempts = 1
            record.lastError = "timeout"
        }
        try save(13) { record in
            record.attempts = 0
            record.lastError = nil
        }
        #expect(try store.count("outbox") == 5)
    }

    @Test func `A number that is exposed a second time within one trouble is notified of a second time`() throws {
        let store = try Sample.store(1)
        _ = try store.setHooks([("pager", [.exposed, .failed, .recovered])])
        func save(attempts: Int, isExposed: Bool) throws {
            var record = try store.required(1)
            record.attempts = attempts
            record.lastError = "enable: refused"
            record.cycle = isExposed ? NumberRecord.Cycle(since: Sample.at(1), reason: .rotationDue) : nil
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        func kinds() throws -> [String] { try store.texts("SELECT kind FROM outbox ORDER BY id").compactMap(\.self) }
        try save(attempts: 1, isExposed: true)
        try save(attempts: 2, isExposed: true)
        #expect(try kinds() == ["exposed"])
        try save(attempts: 2, isExposed: false)
        try save(attempts: 2, isExposed: true)
        #expect(try kinds() == ["exposed"], "a request that is on its way has not failed")
        try save(attempts: 3, isExposed: true)
        #expect(try kinds() == ["exposed", "exposed", "failed"])
    }

    @Test func `What is not kept is not notified, and neither is what a hook itself did`() throws {
        let store = try Sample.store(1)
        _ = try store.setHooks([("pager", [.held, .revealed])])
        let late = StoreMutation.reschedule(NumberRecord(number: try Sample.number(9)))
        let results = store.commit(batch: [[.event(Self.held), late], [.event(Self.held)]])
        #expect(results.map { (try? $0.get()) != nil } == [false, true])
        #expect(try store.count("outbox") == 1)
        let look = { (actor: String) in
            StoreMutation.event(EventEntry(at: Sample.now, kind: .pinRevealed, actor: actor, detail: "generation 1"))
        }
        try store.commit([look("hook vault")])
        #expect(try store.count("outbox") == 1)
        try store.commit([look("ops (uid 1000)")])
        #expect(try store.count("outbox") == 2)
    }

    @Test func `What concerns the fleet is delivered first, and waits for its own subject alone`() throws {
        let store = try Sample.store(2)
        _ = try store.setHooks([("pager", [.revealed, .held, .invalid, .clockBehind])])
        func add(_ kind: EventKind, _ number: Int? = nil) throws {
            let event = EventEntry(
                at: Sample.now, kind: kind, number: try number.map(Sample.number), actor: "ops", detail: "")
            try store.commit([.event(event)])
        }
        func next() throws -> HookNotification? {
            guard case .deliver(let notification) = try store.nextNotification(for: "pager", now: Sample.at(10)) else {
                return nil
            }
            return notification
        }
        try add(.pinRevealed, 1)
        try add(.configurationHeld)
        try add(.configurationRefused)
        let held = try #require(try next())
        #expect(held.kind == .held)
        try store.recordFailedAttempt(held, hook: "pager", error: "no", at: Sample.at(5), retryAt: Sample.at(3600))
        // Notifications about the same file wait behind the one that failed.
        #expect(try next()?.kind == .revealed)
        try add(.clockBehind)
        #expect(try next()?.kind == .clockBehind)
        #expect(try store.reader.hooks().map(\.failingSince) == [Sample.at(5)])
    }

    @Test func `What is given up is counted, and the newest is shown with its error`() throws {
        let store = try Sample.store(1)
        _ = try store.setHooks([("pager", [.held])])
        try store.commit([.event(Self.held)])
        guard case .deliver(let notification) = try store.nextNotification(for: "pager", now: Sample.at(1)) else {
            Issue.record("nothing is to be delivered")
            return
        }
        try store.recordFailedAttempt(
            notification, hook: "pager", error: "404", at: Sample.at(2), retryAt: Sample.at(3))
        try store.recordFailedAttempt(notification, hook: "pager", error: "410", at: Sample.at(3), retryAt: nil)
        let standing = try #require(try store.reader.hooks().first)
        #expect(standing.givenUp == 1 && standing.waiting == 0)
        #expect(standing.failingSince == nil && standing.lastError == nil, "nothing that waits fails")
        #expect(standing.lastGivenUp?.error == "410" && standing.lastGivenUp?.at == Sample.at(3))
        #expect(standing.lastGivenUp?.kind == .held && standing.lastGivenUp?.number == nil)
    }

    @Test func `Drift is counted and notified with its kind once, and a start forgets none of it`() throws {
        let directory = try StateDirectory()
        var store = try Store.open(at: directory.location, key: Sample.key)
        try store.adopt(Sample.state([try Sample.desired(1)]), at: Sample.now)
        _ = try store.setHooks([("pager", [.drift])])
        #expect(try store.reader.driftCounts() == [.turnedOff: 0, .turnedOn: 0, .pinChanged: 0])
        let number = try Sample.number(1)
        func report(_ kind: Observation.Kind, _ second: Int) -> StoreMutation {
            let seen = Observation(kind, at: Sample.at(second), source: "the webhook")
            return .order(.observe(seen), .numbers([number]), at: Sample.at(second))
        }
        // A number in an unknown state may be off: seen off, it has not drifted.
        try store.commit([report(.off, 1)])
        #expect(try store.count("outbox") == 0)
        try store.commit([report(.pinChanged, 2)])
        let late = StoreMutation.reschedule(NumberRecord(number: try Sample.number(9)))
        #expect(throws: StorageError.self) { try store.commit([report(.pinChanged, 3), late]) }
        #expect(try store.count("outbox") == 1)
        guard case .deliver(let notification) = try store.nextNotification(for: "pager", now: Sample.at(10)) else {
            Issue.record("nothing is to be delivered")
            return
        }
        #expect(notification.kind == .drift && notification.drift == .pinChanged && notification.number == number)
        #expect(notification.detail?.contains("seen pin_changed by the webhook, believed off") == true)
        try store.close()
        store = try Store.open(at: directory.location, key: Sample.key)
        #expect(try store.reader.driftCounts() == [.turnedOff: 0, .turnedOn: 0, .pinChanged: 1])
        try store.close()
    }

    @Test func `A start that finds an interrupted request notifies of the failure that it is`() throws {
        let store = try Sample.store(1)
        _ = try store.setHooks([("pager", [.failed])])
        var record = try store.required(1)
        record.attempts = 2
        record.belief = record.belief.widened(by: .off, sentAt: Sample.now)
        try store.commit([
            .save(record, newGeneration: nil, touched: []), .openChange(try Sample.change(1, 1)),
        ])
        #expect(try store.count("outbox") == 0)
        _ = try store.recoverInterrupted(at: Sample.at(60))
        #expect(try notifications(store) == ["pager failed \(record.number) 1 - - \(Sample.at(60))"])
    }
}
