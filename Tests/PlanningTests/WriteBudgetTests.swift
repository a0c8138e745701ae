import Dice
import Exploration
import Planning
import Testing

struct WriteBudgetTests {
    typealias F = Fixture

    @Test func `Below the limit nothing is blocked`() {
        #expect(WriteBudget.blockedUntil(writes: [], limit: 1, now: F.now) == nil)
        #expect(WriteBudget.blockedUntil(writes: [F.ago(.seconds(1))], limit: 2, now: F.now) == nil)
    }

    @Test func `At the limit the oldest that counts has to grow an hour old`() {
        let writes = [F.ago(.seconds(7200)), F.ago(.seconds(3000)), F.ago(.seconds(10))]
        #expect(WriteBudget.blockedUntil(writes: writes, limit: 2, now: F.now) == F.later(.seconds(600)))
        #expect(WriteBudget.blockedUntil(writes: writes, limit: 1, now: F.now) == F.later(.seconds(3590)))
        #expect(WriteBudget.blockedUntil(writes: writes, limit: 2, now: F.later(.seconds(600))) == nil)
    }

    @Test(arguments: [nil, 0])
    func `No limit blocks nothing`(limit: Int?) {
        let writes = Array(repeating: F.now, count: 500)
        #expect(WriteBudget.blockedUntil(writes: writes, limit: limit, now: F.now) == nil)
    }

    @Test(arguments: [1, 3, 20])
    func `No hour ever holds more than the limit`(limit: Int) {
        var random = SplitMix64(seed: UInt64(limit))
        var (now, writes) = (F.now, [Instant]())
        for _ in 0..<2000 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0...400_000, using: &random)))
            guard WriteBudget.blockedUntil(writes: writes, limit: limit, now: now) == nil else { continue }
            writes.append(now)
        }
        #expect(writes.count > limit * 10)
        let crowded = zip(writes, writes.dropFirst(limit)).filter { $0.duration(to: $1) < WriteBudget.window }
        #expect(crowded.isEmpty)
    }

    @Test(arguments: [2, 7, 8, 30, 120])
    func `A cycle starts only when its enable need not wait, and as soon as that is so`(limit: Int) throws {
        var random = SplitMix64(seed: UInt64(limit))
        var (now, writes, held) = (F.now, [Instant](), 0)
        for _ in 0..<2000 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0...200_000, using: &random)))
            if let until = WriteBudget.cycleBlockedUntil(writes: writes, limit: limit, now: now) {
                held += 1
                let before = until.advanced(by: .milliseconds(-1))
                #expect(WriteBudget.cycleBlockedUntil(writes: writes, limit: limit, now: before) != nil)
                #expect(WriteBudget.cycleBlockedUntil(writes: writes, limit: limit, now: until) == nil)
            } else if limit >= 8 {
                let isPaced = WriteBudget.blockedUntil(writes: writes + [now], limit: limit, isPaced: true, now: now)
                #expect(isPaced == nil)
            }
            if WriteBudget.blockedUntil(writes: writes, limit: limit, isPaced: true, now: now) == nil {
                writes.append(now)
            }
        }
        #expect(held > 0)
        #expect(WriteBudget.cycleBlockedUntil(writes: writes, limit: nil, now: now) == nil)
    }
}
