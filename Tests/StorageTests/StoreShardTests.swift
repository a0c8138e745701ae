import Planning
import Testing

@testable import Storage

/// What a store does when its part of the fleet becomes another one.
@Suite struct StoreShardTests {
    private static let guarded = WeakeningGuard(maximumPercent: 20)

    /// The part of numbers 1 to `count` that a shard has, as the reader gives it.
    private static func state(_ text: String, of count: Int, sha: Character = "a") throws -> DesiredState {
        let shard = try #require(Shard(text))
        let numbers = try (1...count).map { try Sample.desired($0) }
        return DesiredState(
            numbers: numbers.filter { shard.owns($0.number) }, sha256: String(repeating: sha, count: 64),
            source: "/etc/twostepd/desired-state.yaml", shard: shard, fleetSize: count)
    }

    private static func adopt(
        _ store: Store, _ text: String, of count: Int, sha: Character = "a", acceptedBy: String? = nil,
        at seconds: Int = 0
    ) throws -> AdoptionResult {
        var state = try state(text, of: count, sha: sha)
        state.acceptedBy = acceptedBy
        return try store.adopt(state, guardedBy: guarded, at: Sample.at(seconds))
    }

    private static func held(_ result: AdoptionResult) -> Weakening? {
        guard case .held(let held) = result else { return nil }
        return held.weakening
    }

    private func managed(_ store: Store) throws -> Set<String> {
        Set(
            try store.reader.records(after: nil, limit: 10_000, at: Sample.now).rows.filter { $0.desired != nil }
                .map(\.number.description))
    }

    @Test func `an undivided fleet notices nothing of it`() throws {
        let store = try Store.inMemory(key: Sample.key)
        try store.noteShard(.whole, at: Sample.now)
        #expect(Self.held(try Self.adopt(store, "0/1", of: 40)) == nil)
        #expect(try store.count("events") == 1)
        #expect(try store.reader.shardInForce() == .whole)
    }

    @Test func `a new store holds its first part until somebody says that nobody else has it`() throws {
        let store = try Store.inMemory(key: Sample.key)
        let weakening = try #require(Self.held(try Self.adopt(store, "1/4", of: 40)))
        #expect(weakening.shardChange?.from == nil && weakening.managed == 0)
        #expect(weakening.shardChange?.unknown == (try Self.state("1/4", of: 40)).numbers.count)
        #expect(try managed(store).isEmpty)
        #expect(try store.reader.desiredStateStatus().held?.reason.hasPrefix("it begins as shard 1/4") == true)
        #expect(Self.held(try Self.adopt(store, "1/4", of: 40, acceptedBy: "alice")) == nil)
        #expect(try store.reader.shardInForce()?.description == "1/4")
        #expect(Self.held(try Self.adopt(store, "1/4", of: 44, sha: "b")) == nil, "new numbers of its part are its own")
    }

    @Test func `a mistyped shard changes nothing, and is forgotten once it is put right`() throws {
        let store = try Store.inMemory(key: Sample.key)
        _ = try Self.adopt(store, "0/4", of: 80, acceptedBy: "alice")
        let before = try managed(store)
        let weakening = try #require(Self.held(try Self.adopt(store, "1/4", of: 80)))
        #expect(weakening.dropped == before.count, "two shards have no number in common")
        #expect(try managed(store) == before)
        #expect(try store.reader.desiredStateStatus().held != nil, "the same file, and yet held")
        #expect(Self.held(try Self.adopt(store, "1/4", of: 80)) != nil)
        #expect(Self.held(try Self.adopt(store, "2/4", of: 80)) != nil)
        let events = try store.reader.events(limit: 100).map(\.entry)
        #expect(events.count { $0.kind == .configurationHeld } == 2, "once for each")
        #expect(events.count { $0.kind == .shardChanged } == 3)
        #expect(Self.held(try Self.adopt(store, "0/4", of: 80)) == nil)
        #expect(try store.reader.desiredStateStatus().held == nil)
        #expect(try managed(store) == before)
    }

    @Test func `a fleet below the guard's size is held as well`() throws {
        let store = try Store.inMemory(key: Sample.key)
        _ = try Self.adopt(store, "0/4", of: 8, acceptedBy: "alice")
        let (old, new) = (try managed(store).count, try Self.state("0/8", of: 8).numbers.count)
        #expect(old < WeakeningGuard.smallestFleet)
        #expect((Self.held(try Self.adopt(store, "0/8", of: 8)) != nil) == (new < old))
        #expect(Self.held(try Self.adopt(store, "3/4", of: 8)) != nil)
    }

    @Test func `growing lets go of what the new shard has, and believes it no more`() throws {
        let store = try Store.inMemory(key: Sample.key)
        _ = try Self.adopt(store, "0/2", of: 60, acceptedBy: "alice")
        let two = try Self.state("0/2", of: 60).numbers.map(\.number)
        let three = Set(try Self.state("0/3", of: 60).numbers.map(\.number))
        let leaving = two.filter { !three.contains($0) }
        let indexes = try (1...60).filter { leaving.contains(try Sample.number($0)) }
        for index in indexes {
            try store.addGeneration(1, "604\(100 + index)", to: index)
            try store.makeCertain(index)
        }
        #expect(Self.held(try Self.adopt(store, "0/3", of: 60, at: 10))?.dropped == leaving.count)
        #expect(Self.held(try Self.adopt(store, "0/3", of: 60, acceptedBy: "alice", at: 20)) == nil)
        for index in indexes {
            let record = try store.required(index)
            #expect(record.desired == nil && record.dueAt == nil && record.handedOverAt == Sample.at(20))
            #expect(record.belief.elements == ["off", "foreign", "on(1)"])
            #expect(record.lastAccepted == nil)
        }
        #expect(try store.reader.due(at: .distantFuture, limit: 100, excluding: []).records.count == three.count)
        // Back without a bundle: what was believed is not taken up again.
        #expect(Self.held(try Self.adopt(store, "0/2", of: 60, at: 30))?.shardChange?.unknown == leaving.count)
        _ = try Self.adopt(store, "0/2", of: 60, acceptedBy: "alice", at: 40)
        for index in indexes {
            let record = try store.required(index)
            #expect(record.desired != nil && record.handedOverAt == nil)
            #expect(record.belief.elements == ["off", "foreign", "on(1)"])
        }
    }

    @Test func `a number that leaves the file, and not the shard, is as it was when it returns`() throws {
        let store = try Store.inMemory(key: Sample.key)
        let state = try Self.state("0/2", of: 40)
        var accepted = state
        accepted.acceptedBy = "alice"
        _ = try store.adopt(accepted, guardedBy: Self.guarded, at: Sample.now)
        let index = try #require(try (1...40).first { try Sample.number($0) == state.numbers[0].number })
        try store.addGeneration(1, "604181", to: index)
        try store.makeCertain(index)
        var less = state
        less.numbers.removeFirst()
        _ = try store.adopt(less, guardedBy: Self.guarded, at: Sample.at(10))
        #expect(try store.required(index).belief.elements == ["on(1)"])
        #expect(try store.required(index).handedOverAt == nil)
        _ = try store.adopt(state, guardedBy: Self.guarded, at: Sample.at(20))
        #expect(try store.required(index).belief.elements == ["on(1)"])
    }

    @Test func `a part that becomes empty is held like any other, and an empty part is no emptied file`() throws {
        let store = try Store.inMemory(key: Sample.key)
        _ = try Self.adopt(store, "0/1", of: 1, acceptedBy: "alice")
        let elsewhere = try #require((0..<9).first { !(Shard($0, of: 9)?.owns(try Sample.number(1)) ?? true) })
        #expect(Self.held(try Self.adopt(store, "\(elsewhere)/9", of: 1)) != nil)
        #expect(Self.held(try Self.adopt(store, "\(elsewhere)/9", of: 1, acceptedBy: "alice")) == nil)
        #expect(try managed(store).isEmpty)
        #expect(Self.held(try Self.adopt(store, "\(elsewhere)/9", of: 1)) == nil)
        #expect(try store.reader.desiredStateStatus().shard.count == 9)
    }

    @Test func `the settings' shard is in the audit trail when it changes between starts, and only then`() throws {
        let store = try Store.inMemory(key: Sample.key)
        for (text, events) in [("0/1", 0), ("0/4", 1), ("0/4", 1), ("1/4", 2), ("0/1", 3), ("0/1", 3)] {
            try store.noteShard(try #require(Shard(text)), at: Sample.now)
            #expect(try store.count("events") == events, "\(text)")
        }
    }
}
