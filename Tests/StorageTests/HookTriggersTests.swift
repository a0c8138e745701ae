import GRDB
import Planning
import Testing

@testable import Storage

/// What is told is written by triggers of the writer's connection: they must be there whoever opens the store.
struct HookTriggersTests {
    private static let held = EventEntry(at: Sample.now, kind: .configurationHeld, detail: "too many")

    private func word(_ store: Store) throws -> HookKind? {
        guard case .deliver(let word) = try store.nextWord(for: "pager", now: Sample.at(10)) else { return nil }
        return word.kind
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
}
