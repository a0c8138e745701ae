import Foundation
import Planning
import Testing

@testable import Storage

/// Numbers that go from one store to another: what goes along, what stays, and what is refused.
@Suite struct StoreMoveTests {
    private static let bundle = "b1"
    private static let settle: Duration = .seconds(600)
    private static let origin = MoveOrigin(bundle: bundle, source: "/var/lib/other")

    /// A store in which number 1 has a rich past and has left the file.
    private static func source() throws -> Store {
        let store = try Sample.store(3)
        try store.addGeneration(1, "604181", to: 1)
        try store.addGeneration(2, "729412", to: 1)
        var record = try store.required(1)
        record.belief = Belief(
            maybeOff: true, maybeForeign: false, generations: [1, 2],
            doubts: [.init(effect: .off, since: Sample.at(5)), .init(effect: .on(2), since: Sample.at(7))])
        record.generations[0].liveFrom = Sample.at(-50)
        record.lastAccepted = .on(1)
        record.appliedAt = Sample.at(-50)
        record.rotatedAt = Sample.at(-50)
        record.rotateBefore = Sample.at(90)
        try store.commit([.save(record, newGeneration: nil, touched: [1, 2])])
        let pause = Pause(since: Sample.at(8), by: "alice", reason: "ticket 7", includesExposed: true)
        try store.commit([.order(.pause(pause), .numbers([record.number]), at: Sample.at(8))])
        try store.commit([
            .openChange(try Sample.change(1, 1, generation: 2, sentAt: Sample.at(7))),
            .closeChange(id: 1, answeredAt: Sample.at(9), outcome: Outcome(.timeout)),
        ])
        _ = try store.adopt(Sample.state([try Sample.desired(2), try Sample.desired(3)], sha: "b"), at: Sample.at(10))
        return store
    }

    private static func handOver(
        _ store: Store, _ indexes: [Int] = [1], with bundle: String = bundle, again: Bool = false
    ) throws -> [MovedNumber] {
        let numbers = try indexes.map { try Sample.number($0) }
        try store.handOver(numbers, with: bundle, again: again, at: Sample.at(20), actor: "alice")
        return try numbers.map { try #require(try store.reader.moved($0, with: bundle, at: Sample.at(20))) }
    }

    private static func refusal(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "nothing was refused"
        } catch let error as StorageError {
            return error.description
        } catch {
            return "another error: \(error)"
        }
    }

    private static func takeIn(_ store: Store, _ moved: [MovedNumber], bundle: String = bundle) throws -> Int {
        try store.takeIn(
            moved, from: MoveOrigin(bundle: bundle, source: "/var/lib/other"), at: Sample.at(30), actor: "bob",
            settleDelay: settle)
    }

    @Test func `everything goes along, and a new store has it as the old one had`() throws {
        let source = try Self.source()
        let moved = try Self.handOver(source)
        let target = try Store.inMemory(key: .random())
        #expect(try Self.takeIn(target, moved) == 1)
        let (was, has) = (moved[0], try target.required(1, at: Sample.at(30)))
        #expect(
            has.belief
                == Belief(
                    maybeOff: true, maybeForeign: false, generations: [1, 2],
                    doubts: [.init(effect: .off, since: Sample.at(30)), .init(effect: .on(2), since: Sample.at(30))]))
        #expect(has.generations == was.generations)
        #expect(has.generations.map { $0.pin.reveal() } == ["604181", "729412"])
        #expect(has.desired == nil && has.dueAt == nil, "it is not managed before the file names it")
        #expect(has.lastAccepted == .on(1) && has.appliedAt == Sample.at(-50) && has.rotatedAt == Sample.at(-50))
        #expect(has.rotateBefore == Sample.at(90))
        #expect(has.pause == Pause(since: Sample.at(8), by: "alice", reason: "ticket 7", includesExposed: true))
        #expect(has.recentWrites == [Sample.at(7)], "the write budget is the number's")
        #expect(try target.reader.verifyAudit().first == nil)
        let event = try #require(try target.reader.events(limit: 1).first?.entry)
        #expect(event.kind == .movedIn && event.number == has.number && event.actor == "bob")
        #expect(event.detail.contains("/var/lib/other"))

        _ = try target.adopt(Sample.state([try Sample.desired(1)]), at: Sample.at(40))
        let managed = try target.required(1, at: Sample.at(40))
        #expect(managed.belief == has.belief && managed.dueAt == Sample.at(40))
        #expect(managed.pause == has.pause && managed.recentWrites == has.recentWrites)
    }

    @Test func `the old store keeps its record, believes it no more, and tells who moved it`() throws {
        let source = try Self.source()
        let moved = try Self.handOver(source)
        let record = try source.required(1, at: Sample.at(20))
        #expect(record.belief.maybeForeign && record.belief.maybeOff && record.handedOverAt == Sample.at(20))
        #expect(record.generations == moved[0].generations)
        #expect(moved[0].belief.maybeForeign == false && moved[0].moves == 1)
        let event = try #require(try source.reader.events(limit: 1).first?.entry)
        #expect(event.kind == .movedOut && event.actor == "alice" && event.number == record.number)
        _ = try source.adopt(Sample.state(try (1...3).map { try Sample.desired($0) }, sha: "c"), at: Sample.at(50))
        let back = try source.required(1, at: Sample.at(50))
        #expect(back.belief.elements == ["off", "foreign", "on(1)", "on(2)"])
        #expect(try source.reader.moved(record.number, with: Self.bundle, at: Sample.at(50)) == nil)
    }

    @Test func `only what the store does not work on goes, all of a page or none`() throws {
        let store = try Self.source()
        #expect(Self.refusal { _ = try Self.handOver(store, [1, 2]) }.contains("is in the desired state in force"))
        #expect(try store.required(1).handedOverAt == nil)
        #expect(Self.refusal { _ = try Self.handOver(store, [99]) }.contains("is not in this store"))
        try store.commit([.openChange(try Sample.change(2, 1, sentAt: Sample.at(9)))])
        #expect(Self.refusal { _ = try Self.handOver(store) }.contains("has no answer yet"))
        _ = try store.recoverInterrupted(at: Sample.at(12))
        #expect(try Self.handOver(store)[0].belief.doubts.contains { $0.effect == .off && $0.since == Sample.at(12) })
    }

    @Test func `a number goes once, and again only when that is said`() throws {
        let store = try Self.source()
        let first = try Self.handOver(store)
        #expect(try store.reader.movable(after: nil, limit: 9).map(\.hasGone) == [true])
        #expect(Self.refusal { _ = try Self.handOver(store, with: "b2") }.contains("with bundle b1"))
        let again = try Self.handOver(store, with: "b2", again: true)
        #expect(again == first, "it is the same knowledge, as old as before")
        let target = try Store.inMemory(key: .random())
        #expect(try Self.takeIn(target, first) == 1)
        #expect(Self.refusal { _ = try Self.takeIn(target, again, bundle: "b2") }.contains("never gave it away"))
    }

    @Test func `what is there already is not taken in twice, and an old bundle not at all`() throws {
        let moved = try Self.handOver(try Self.source())
        let target = try Store.inMemory(key: .random())
        #expect(try Self.takeIn(target, moved) == 1)
        #expect(try target.reader.hasArrived(moved[0].number, with: Self.bundle))
        #expect(try Self.takeIn(target, moved) == 0, "the same bundle goes on where it was cut off")
        #expect(try target.reader.problem(ofTakingIn: moved[0], from: Self.bundle) == nil)
        _ = try target.adopt(Sample.state([try Sample.desired(1)]), at: Sample.at(40))
        #expect(Self.refusal { _ = try Self.takeIn(target, moved, bundle: "b9") }.contains("works on it already"))
        _ = try target.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.at(41))
        try target.handOver([moved[0].number], with: "b3", again: false, at: Sample.at(42), actor: "bob")
        for bundle in [Self.bundle, "b9"] {
            #expect(Self.refusal { _ = try Self.takeIn(target, moved, bundle: bundle) }.contains("is older than"))
        }
    }

    @Test func `there and back again: the number is what the other store left it as`() throws {
        let source = try Self.source()
        let target = try Store.inMemory(key: .random())
        _ = try Self.takeIn(target, try Self.handOver(source))
        _ = try target.adopt(Sample.state([try Sample.desired(1)]), at: Sample.at(40))
        try target.addGeneration(3, "815162", to: 1)
        var record = try target.required(1)
        let before = record.generations
        record.belief = Belief(maybeOff: false, maybeForeign: false, generations: [3])
        for index in record.generations.indices.dropLast() { record.generations[index].liveUntil = Sample.at(41) }
        try target.commit([.save(record, newGeneration: nil, touched: [1, 2, 3])])
        _ = try target.adopt(Sample.state([try Sample.desired(2)], sha: "b"), at: Sample.at(43))
        let back = try Self.handOver(target, with: "b2")
        #expect(back[0].moves == 2)
        #expect(
            try source.takeIn(
                back, from: MoveOrigin(bundle: "b2", source: "t"), at: Sample.at(2000), actor: "bob",
                settleDelay: Self.settle) == 1)
        let home = try source.required(1, at: Sample.at(2000))
        #expect(home.belief.elements == ["on(3)"])
        #expect(home.generations.map(\.pin) == before.map(\.pin))
        #expect(home.handedOverAt == nil)
        #expect(try source.reader.verifyAudit().first == nil)
    }

    @Test func `a page is taken in whole or not at all`() throws {
        let source = try Self.source()
        _ = try source.adopt(Sample.state([try Sample.desired(3)], sha: "c"), at: Sample.at(11))
        let moved = try Self.handOver(source, [1, 2])
        let target = try Store.inMemory(key: .random())
        _ = try target.adopt(Sample.state([try Sample.desired(2)]), at: Sample.now)
        let known = try Sample.number(2).description
        #expect(Self.refusal { _ = try Self.takeIn(target, moved) }.contains(known))
        #expect(try target.reader.record(try Sample.number(1), at: Sample.now) == nil)
        #expect(try target.count("desired_states") == 1)
    }
}
