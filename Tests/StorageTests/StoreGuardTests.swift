import Foundation
import GRDB
import Planning
import Testing

@testable import Storage

struct StoreGuardTests {
    private static let guarded = DesiredStateGuard(maximumPercent: 20, holdsNewStore: false)

    private func weak(_ dropped: Int, of count: Int = 10, sha: Character = "b", by: String? = nil) throws
        -> DesiredState
    {
        var state = Sample.state(try (dropped + 1...count).map { try Sample.desired($0) }, sha: sha)
        state.acceptedBy = by
        return state
    }

    @Test func `A weakening state is held: nothing changes but what tells of it, and that once`() throws {
        let store = try Sample.store(10)
        let before = try (1...10).map { try store.required($0) }
        for second in [10, 20] {
            let result = try store.adopt(try weak(3), guardedBy: Self.guarded, at: Sample.at(second))
            guard case .held(let held) = result.verdict else {
                Issue.record("three of ten are more than 20 %")
                return
            }
            #expect(held.sha256 == String(repeating: "b", count: 64))
            #expect(
                held.reason == .weakening(Weakening(managed: 10, disabled: 0, dropped: 3, maximumPercent: 20)))
            #expect(result.written.isEmpty && result.unreadable.isEmpty)
        }
        #expect(try (1...10).map { try store.required($0) } == before)
        let status = try store.reader.desiredStateStatus()
        #expect(status.revision == 1 && status.sha256 == String(repeating: "a", count: 64))
        #expect(status.held?.since == Sample.at(10))
        #expect(status.held?.reason.contains("drop 3 of 10") == true)
        let kinds = try store.reader.events(limit: 10).map(\.entry.kind)
        #expect(kinds.filter { $0 == .configurationHeld }.count == 1)
        _ = try store.adopt(try weak(4, sha: "c"), guardedBy: Self.guarded, at: Sample.at(30))
        #expect(try store.reader.desiredStateStatus().held?.sha256 == String(repeating: "c", count: 64))
        #expect(try store.reader.events(limit: 10).map(\.entry.kind).filter { $0 == .configurationHeld }.count == 2)
    }

    @Test func `What somebody accepted is taken, under that name, and nothing is held any more`() throws {
        let store = try Sample.store(10)
        _ = try store.adopt(try weak(3), guardedBy: Self.guarded, at: Sample.at(10))
        let result = try store.adopt(
            try weak(3, by: "ops (uid 1000)"), guardedBy: Self.guarded, at: Sample.at(20))
        guard case .adopted(let adoption) = result.verdict else {
            Issue.record("it was accepted")
            return
        }
        #expect(adoption.revision == 3 && adoption.difference.removed.count == 3)
        #expect(try store.reader.desiredStateStatus().held == nil)
        let event = try #require(try store.reader.events(limit: 1).first?.entry)
        #expect(event.kind == .configurationAccepted && event.actor == "ops (uid 1000)")
    }

    @Test func `Going back to the file in force ends the hold`() throws {
        let store = try Sample.store(10)
        _ = try store.adopt(try weak(3), guardedBy: Self.guarded, at: Sample.at(10))
        let same = Sample.state(try (1...10).map { try Sample.desired($0) })
        guard case .adopted = try store.adopt(same, guardedBy: Self.guarded, at: Sample.at(20)).verdict else {
            Issue.record("it is in force already")
            return
        }
        #expect(try store.reader.desiredStateStatus().held == nil)
    }

    @Test func `A hold outlives the process`() throws {
        let directory = try StateDirectory()
        do {
            let store = try Store.open(at: directory.location, key: Sample.key)
            _ = try store.adopt(Sample.state(try (1...10).map { try Sample.desired($0) }), at: Sample.now)
            _ = try store.adopt(try weak(3), guardedBy: Self.guarded, at: Sample.at(10))
        }
        let store = try Store.open(at: directory.location, key: Sample.key)
        #expect(try store.reader.desiredStateStatus().held?.since == Sample.at(10))
    }

    @Test
    func
        `A new value of a token that names its number makes the number unknown and due; the first mark of a known one does not`()
        throws
    {
        let store = try Sample.store(2)
        for index in 1...2 {
            var record = try store.required(index)
            record.appliedAt = Sample.at(-5)
            record.dueAt = Sample.at(3600)
            record.attempts = 3
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        func adopt(_ marks: [String?], sha: Character, at second: Int) throws {
            let entries = try marks.enumerated().map { index, mark in
                var entry = try Sample.desired(index + 1)
                entry.tokenMark = mark
                return entry
            }
            _ = try store.adopt(Sample.state(entries, sha: sha), at: Sample.at(second))
        }
        try adopt(["one", "two"], sha: "a", at: 10)
        #expect(try (1...2).map { try store.required($0).appliedAt } == [Sample.at(-5), Sample.at(-5)])
        try adopt(["one", "changed"], sha: "a", at: 20)
        #expect(try store.required(1).appliedAt == Sample.at(-5))
        let changed = try store.required(2)
        #expect(changed.belief.maybeOff && changed.belief.maybeForeign)
        #expect(changed.dueAt == Sample.at(20) && changed.attempts == 0)
        #expect(try store.reader.desiredStateStatus().revision == 3, "the file is the same, what is in force is not")
    }

    @Test func `Marks differ by value and by store, and hold nothing of the value`() throws {
        let (first, second) = (try Sample.store(1), try Sample.store(1))
        let token = try #require(Token("secret-token-of-a-number"))
        let other = try #require(Token("secret-token-of-a-numbe2"))
        let marker = try first.reader.tokenMarker()
        #expect(marker.mark(of: token) == (try first.reader.tokenMarker().mark(of: token)))
        #expect(marker.mark(of: token) != marker.mark(of: other))
        let elsewhere = try second.reader.tokenMarker().mark(of: token)
        #expect(marker.mark(of: token) != elsewhere)
        #expect(elsewhere.count == 16)
    }

    @Test func `Guards are shown as the daemon wrote them last, and forgotten when one starts`() throws {
        let store = try Sample.store(1)
        let down = GuardState(
            .endpointDown, subject: "https://vendor.example/api", since: Sample.at(5), detail: "refused")
        let budget = GuardState(.exposureBudget, since: Sample.at(6), permitted: 1, detail: "1 of 4")
        try store.commit([.guardState(down), .guardState(budget)])
        #expect(try store.reader.guardStates() == [down, budget])
        try store.commit([.guardState(GuardState(.endpointDown, subject: down.subject, since: nil))])
        #expect(try store.reader.guardStates() == [budget])
        try store.recordStart(pid: 1, command: "run", version: "1.0.0", at: Sample.at(10))
        #expect(try store.reader.guardStates().isEmpty)
    }
}
