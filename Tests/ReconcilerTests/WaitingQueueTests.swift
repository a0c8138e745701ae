import Planning
import Testing

@testable import Reconciler

@Suite("The waiting queue")
struct WaitingQueueTests {
    private func key(_ line: WaitingKey.Line, _ due: Int64, _ index: Int) throws -> WaitingKey {
        let number = try #require(PhoneNumber("+1555\(1_000_000 + index)"))
        return WaitingKey(line: line, dueAt: Instant(millisecondsSinceEpoch: due), number: number)
    }

    @Test("each line is ordered by due instant and then by number, however it was filled")
    func order() throws {
        let keys = [
            try key(.ordinary, 5, 1), try key(.ordinary, 5, 2), try key(.ordinary, 7, 0), try key(.exposed, 9, 4),
            try key(.cycle, 1, 3),
        ]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            var queue = WaitingQueue()
            for key in keys.shuffled(using: &random) { queue.insert(key) }
            #expect(queue.count == 5)
            #expect(queue.line(.ordinary) == [keys[0], keys[1], keys[2]])
            #expect(queue.line(.exposed) == [keys[3]])
            #expect(queue.line(.cycle) == [keys[4]])
        }
    }

    @Test("a number that is removed is gone, and the others stay in order")
    func removal() throws {
        let keys = try (0..<5).map { try key(.ordinary, Int64($0), $0) }
        var queue = WaitingQueue()
        for key in keys.reversed() { queue.insert(key) }
        queue.remove(keys[2])
        #expect(queue.line(.ordinary) == [keys[0], keys[1], keys[3], keys[4]])
    }
}
