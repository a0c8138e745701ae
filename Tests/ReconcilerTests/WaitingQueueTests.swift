import Planning
import Testing

@testable import Reconciler

@Suite("The waiting queue")
struct WaitingQueueTests {
    private static let ordinary = WaitingKey.Line(.ordinary, startsCycle: false)
    private static let exposed = WaitingKey.Line(.exposed, startsCycle: false)
    private static let cycle = WaitingKey.Line(.ordinary, startsCycle: true)

    private func key(
        _ line: WaitingKey.Line, _ due: Int64, _ index: Int, _ account: Account = .v4
    ) throws -> WaitingKey {
        let number = try #require(PhoneNumber("+1555\(1_000_000 + index)"))
        return WaitingKey(
            line: line, dueAt: Instant(millisecondsSinceEpoch: due), number: number, account: account)
    }

    /// Returns the keys of one line and endpoint in the order in which they leave the head.
    private func taken(_ line: WaitingKey.Line, at account: Account = .v4, from queue: WaitingQueue) -> [WaitingKey] {
        var queue = queue
        var keys: [WaitingKey] = []
        while let key = queue.first(line, at: account) {
            keys.append(key)
            queue.remove(key)
        }
        return keys
    }

    @Test func `each line is ordered by due instant and then by number, however it was filled`() throws {
        let keys = [
            try key(Self.ordinary, 5, 1), try key(Self.ordinary, 5, 2), try key(Self.ordinary, 7, 0),
            try key(Self.exposed, 9, 4),
            try key(Self.cycle, 1, 3),
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            var queue = WaitingQueue()
            for key in keys.shuffled(using: &random) { queue.insert(key) }
            #expect(queue.count == 5)
            #expect(taken(Self.ordinary, from: queue) == [keys[0], keys[1], keys[2]])
            #expect(taken(Self.exposed, from: queue) == [keys[3]])
            #expect(taken(Self.cycle, from: queue) == [keys[4]])
        }
    }

    @Test func `a number that is removed is gone, and the others stay in order`() throws {
        let keys = try (0..<5).map { try key(Self.ordinary, Int64($0), $0) }
        var queue = WaitingQueue()
        for key in keys.reversed() { queue.insert(key) }
        queue.remove(keys[2])
        #expect(taken(Self.ordinary, from: queue) == [keys[0], keys[1], keys[3], keys[4]])
    }

    @Test func `accounts have lines of their own, and none is left when nothing waits for them`() throws {
        let (here, there) = (try key(Self.ordinary, 2, 1), try key(Self.ordinary, 1, 2, .legacy))
        var queue = WaitingQueue()
        queue.insert(here)
        queue.insert(there)
        #expect(Set(queue.accounts) == [.v4, .legacy])
        #expect(queue.first(Self.ordinary, at: .v4) == here && queue.first(Self.ordinary, at: .legacy) == there)
        #expect(queue.first(Self.ordinary, at: .v4, where: { $0 != here.number }) == nil)
        queue.remove(there)
        #expect(Set(queue.accounts) == [.v4] && queue.count == 1)
    }
}

extension Account {
    fileprivate static let v4 = Account(text: "v4")
    fileprivate static let legacy = Account(text: "legacy")
}
