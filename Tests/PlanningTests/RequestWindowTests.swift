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
        var (now, sent) = (F.steadyNow, [SteadyInstant]())
        for _ in 0..<20_000 {
            now = now.advanced(by: .milliseconds(Int64.random(in: 0...Int64(90_000 / limit), using: &random)))
            let oldest = sent.count >= limit ? sent[sent.count - limit].advanced(by: RequestWindow.length) : nil
            let expected = oldest.flatMap { $0 > now ? $0 : nil }
            let blocked = window.blockedUntil(limit: limit, now: now)
            if blocked != expected {
                Issue.record("\(String(describing: blocked)) is not \(String(describing: expected))")
            }
            guard blocked == nil else { continue }
            window.count(at: now)
            sent.append(now)
        }
        let crowded = zip(sent, sent.dropFirst(limit)).filter { $0.duration(to: $1) < RequestWindow.length }
        #expect(crowded.isEmpty)
        #expect(sent.count > 1000)
    }

    @Test func `No limit blocks nothing`() {
        var window = RequestWindow()
        for _ in 0..<100 { window.count(at: F.steadyNow) }
        #expect(window.blockedUntil(limit: nil, now: F.steadyNow) == nil)
    }

    @Test func `Room for several requests is there when so many have left the minute`() {
        var window = RequestWindow()
        for second in 0..<5 { window.count(at: F.steadyLater(.seconds(Int64(second)))) }
        let now = F.steadyLater(.seconds(10))
        #expect(window.blockedUntil(needed: 1, limit: 6, now: now) == nil)
        #expect(window.blockedUntil(needed: 2, limit: 6, now: now) == F.steadyLater(.seconds(60)))
        #expect(window.blockedUntil(needed: 4, limit: 6, now: now) == F.steadyLater(.seconds(62)))
        #expect(window.blockedUntil(needed: 7, limit: 6, now: now) == .distantFuture)
    }

    @Test func `Requests of an earlier process count, whatever their order`() {
        let sent = [F.steadyLater(.seconds(-5)), F.steadyLater(.seconds(-50))]
        let window = RequestWindow(sent: sent)
        #expect(window.blockedUntil(limit: 2, now: F.steadyNow) == F.steadyLater(.seconds(10)))
        #expect(window.blockedUntil(limit: 2, now: F.steadyLater(.seconds(10))) == nil)
    }

    @Test func `The endpoint's own wait is kept, and the longest of several`() {
        var window = RequestWindow()
        window.wait(for: .seconds(30), from: F.steadyNow)
        window.wait(for: .seconds(10), from: F.steadyNow)
        #expect(window.blockedUntil(limit: nil, now: F.steadyNow) == F.steadyLater(.seconds(30)))
        #expect(window.blockedUntil(limit: 5, now: F.steadyLater(.seconds(29))) == F.steadyLater(.seconds(30)))
        #expect(window.blockedUntil(limit: 5, now: F.steadyLater(.seconds(30))) == nil)
        window.count(at: F.steadyNow)
        #expect(window.blockedUntil(limit: 1, now: F.steadyNow) == F.steadyLater(.seconds(60)))
    }
}
