import Foundation
import Planning
import Testing

@testable import Storage

/// Values of operator-owned PINs: the store keeps marks of them.
struct OperatorPINTests {
    private static let guarded = DesiredStateGuard(maximumPercent: 20, holdsNewStore: false)

    private func entries(_ count: Int, owned: [Int]) throws -> [DesiredNumber] {
        try (1...count).map { index in
            var entry = try Sample.desired(index)
            if owned.contains(index) { entry.operatorPINName = "pin-\(index)" }
            return entry
        }
    }

    private func pins(_ digits: [Int: String]) throws -> [String: PIN] {
        Dictionary(uniqueKeysWithValues: try digits.map { ("pin-\($0)", try Sample.pin($1)) })
    }

    /// Returns a store in which numbers 1 and 2 of ten have an operator's PIN, and everything rests.
    private func store() throws -> Store {
        let store = try Store.inMemory(key: Sample.key)
        let state = Sample.state(try entries(10, owned: [1, 2]))
        _ = try adopt(store, state, [1: "284715", 2: "918273"], at: 0)
        for index in 1...10 {
            var record = try store.required(index)
            record.dueAt = Sample.at(3600)
            record.attempts = 2
            try store.commit([.save(record, newGeneration: nil, touched: [])])
        }
        return store
    }

    private func adopt(
        _ store: Store, _ state: DesiredState?, _ digits: [Int: String], at second: Int
    ) throws -> AdoptionResult {
        try store.adopt(
            DesiredStateReading(state: state, operatorPINs: try pins(digits)), guardedBy: Self.guarded,
            following: Set(try (1...10).map { try Sample.number($0) }), at: Sample.at(second))
    }

    /// Returns the indexes of the rows whose version differs from `before`.
    private func written(_ store: Store, since before: [Int?]) throws -> [Int] {
        try (1...10).filter { try store.version($0) != before[$0 - 1] }
    }

    @Test func `a new value is an entry that changed: its number is due, and the others are left alone`() throws {
        let store = try store()
        let state = Sample.state(try entries(10, owned: [1, 2]))
        let before = try (1...10).map { try store.version($0) }
        guard case .adopted(let same) = try adopt(store, state, [1: "284715", 2: "918273"], at: 5).verdict else {
            Issue.record("it is in force")
            return
        }
        #expect(same.difference.isEmpty && same.revision == 1)
        #expect(try written(store, since: before).isEmpty)

        let old = try store.required(2)
        let result = try adopt(store, state, [1: "284715", 2: "918274"], at: 10)
        guard case .adopted(let adoption) = result.verdict else {
            Issue.record("\(result.verdict)")
            return
        }
        #expect(adoption.difference.changed == [old.number])
        #expect(result.written == [old.number])
        let new = try store.required(2)
        #expect(result.entries == [old.number: try #require(new.desired)])
        var expected = old.adopting(new.desired, at: Sample.at(10))
        expected.version += 1
        #expect(new == expected && new.dueAt == Sample.at(10))
        #expect(new.desired?.operatorPINMark != old.desired?.operatorPINMark)
        #expect(try written(store, since: before) == [2])
    }

    @Test func `a value that cannot be read has no mark`() throws {
        let store = try store()
        let state = Sample.state(try entries(10, owned: [1, 2]))
        #expect(try adopt(store, state, [2: "918273"], at: 10).written == [try Sample.number(1)])
        let record = try store.required(1)
        #expect(record.desired?.operatorPINName == "pin-1" && record.desired?.operatorPINMark == nil)
        #expect(try adopt(store, state, [1: "284715", 2: "918273"], at: 20).written == [try Sample.number(1)])
    }

    @Test func `a state that is held still has its new values applied to the numbers in force, and to them alone`()
        throws
    {
        let store = try store()
        let before = try (1...10).map { try store.version($0) }
        // Four of ten are dropped, and a new number has an operator's PIN.
        var weaker = try entries(6, owned: [1, 2])
        var added = try Sample.desired(11)
        added.operatorPINName = "pin-11"
        weaker.append(added)
        weaker[0].label = "not in force"
        let state = Sample.state(weaker, sha: "b")
        let values = [1: "111222", 2: "918273", 11: "555666"]
        let result = try adopt(store, state, values, at: 10)
        guard case .held(let held) = result.verdict else {
            Issue.record("\(result.verdict)")
            return
        }
        #expect(held.sha256 == state.sha256 && "\(held.reason)".contains("drop 4"))
        #expect(result.written == [try Sample.number(1)])
        let record = try store.required(1)
        #expect(result.entries == [record.number: try #require(record.desired)])
        #expect(record.dueAt == Sample.at(10) && record.desired?.label == nil)
        #expect(try written(store, since: before) == [1])
        #expect(try store.reader.desiredStateStatus().revision == 1)
        // Read again, nothing is new: a held file causes no further writes while it is held.
        #expect(try adopt(store, state, values, at: 20).written.isEmpty)
        #expect(try written(store, since: before) == [1])
    }

    @Test func `a file that is not valid keeps the numbers in force supplied with new values`() throws {
        let store = try store()
        let result = try adopt(store, nil, [1: "284715", 2: "111222"], at: 10)
        #expect(result.verdict == .kept)
        #expect(result.written == [try Sample.number(2)])
        #expect(try store.required(2).dueAt == Sample.at(10))
        #expect(try adopt(store, nil, [1: "284715", 2: "111222"], at: 20).written.isEmpty)
        let empty = try Store.inMemory(key: Sample.key)
        #expect(try adopt(empty, nil, [1: "284715"], at: 10) == AdoptionResult(.kept))
    }

    @Test func `no value is in the store, and no mark outlives its key`() throws {
        let directory = try StateDirectory()
        let store = try Store.open(at: directory.location, key: Sample.key)
        let state = Sample.state(try entries(1, owned: [1]))
        let reading = DesiredStateReading(state: state, operatorPINs: try pins([1: "918273"]))
        _ = try store.adopt(reading, guardedBy: Self.guarded, at: Sample.now)
        let mark = try #require(try store.required(1).desired?.operatorPINMark)
        let files = try directory.everyByte()
        #expect(files.range(of: Data(mark.utf8)) != nil, "the search finds what is in plain")
        #expect(files.range(of: Data("918273".utf8)) == nil)
        let version = try #require(try store.version(1))
        let key = SealingKey.random()
        _ = try store.rotateKey(to: key, at: Sample.at(10), actor: "alice")
        let next = try Store.open(at: directory.location, key: key)
        #expect(try next.required(1).desired?.operatorPINMark == nil)
        #expect(try next.version(1) == version + 1)
        _ = try next.adopt(reading, guardedBy: Self.guarded, at: Sample.at(20))
        let new = try next.required(1).desired?.operatorPINMark
        #expect(new != nil && new != mark)
        try next.close()
    }
}
