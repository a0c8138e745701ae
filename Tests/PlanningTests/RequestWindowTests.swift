import Dice
import Exploration
import Planning
import Testing

struct RequestWindowTests {
    typealias F = Fixture

    @Test(arguments: [1, 2, 7, 60, 3000])
    func `No minute ever holds more than the limit, and none is kept waiting longer than needed`(limit: Int) {
        var random = SplitMix64(seed: UInt64(limit))
        var window = RequestWindow()
        var (now, sent) = (F.now, [Instant]())
        for _ in 0..<20_000 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0...Int64(90_000 / limit), using: &random)))
            let oldest = sent.count >= limit ? sent[sent.count - limit].advanced(by: RequestWindow.length) : nil
            let expected = oldest.flatMap { $0 > now ? $0 : nil }
            let blocked = window.blockedUntil(limit: limit, now: now)
            if blocked != expected {
                Issue.record("\(String(describing: blocked)) is not \(String(describing: expected))")
            }
            guard blocked == nil else { continue }
            window.count(at: now, limit: limit)
            sent.append(now)
        }
        let crowded = zip(sent, sent.dropFirst(limit)).filter { $0.duration(to: $1) < RequestWindow.length }
        #expect(crowded.isEmpty)
        #expect(sent.count > 1000)
    }

    @Test func `No limit blocks nothing`() {
        var window = RequestWindow()
        for _ in 0..<100 { window.count(at: F.now, limit: nil) }
        #expect(window.blockedUntil(limit: nil, now: F.now) == nil)
    }

    @Test func `A clock that is set back blocks for a minute at most`() {
        var window = RequestWindow()
        window.count(at: F.later(.seconds(86_400)), limit: 2)
        window.count(at: F.now, limit: 2)
        #expect(window.blockedUntil(limit: 2, now: F.now) == F.later(RequestWindow.length))
        #expect(window.blockedUntil(limit: 2, now: F.later(RequestWindow.length)) == nil)
    }

    @Test func `The endpoint's own wait is kept, and the longest of several`() {
        var window = RequestWindow()
        window.wait(for: .seconds(30), from: F.now)
        window.wait(for: .seconds(10), from: F.now)
        #expect(window.blockedUntil(limit: nil, now: F.now) == F.later(.seconds(30)))
        #expect(window.blockedUntil(limit: 5, now: F.later(.seconds(29))) == F.later(.seconds(30)))
        #expect(window.blockedUntil(limit: 5, now: F.later(.seconds(30))) == nil)
        window.count(at: F.now, limit: 1)
        #expect(window.blockedUntil(limit: 1, now: F.now) == F.later(.seconds(60)))
    }
}
